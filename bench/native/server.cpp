// The benchmarks' server: answers every Predict at once, at the least cost that gRPC allows.
//
// It knows method names and bytes. Requests are read whole and dropped; answers are files that it was
// given when it started, so it needs no protobuf and does the same for every client. It prints one
// line, its port on 127.0.0.1, when it serves, and ends when its standard input does.
//
//   server PREDICT METADATA STATUS
//
// where each argument is a file that holds a serialised answer.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <unistd.h>

namespace {

grpc::ByteBuffer read_file(const char *path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path);
        std::exit(2);
    }
    const grpc::Slice slice(bytes);
    return grpc::ByteBuffer(&slice, 1);
}

// One call: read the request, write the answer, end.
class Call final : public grpc::ServerGenericBidiReactor {
  public:
    explicit Call(const grpc::ByteBuffer *answer) : answer_(answer) {
        if (answer_ == nullptr)
            Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not one of this server's methods"));
        else
            StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
        if (ok)
            StartWriteAndFinish(answer_, grpc::WriteOptions(), grpc::Status::OK);
        else
            Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
    }

    void OnDone() override { delete this; }

  private:
    const grpc::ByteBuffer *answer_;
    grpc::ByteBuffer request_;
};

class Service final : public grpc::CallbackGenericService {
  public:
    explicit Service(std::map<std::string, grpc::ByteBuffer> answers) : answers_(std::move(answers)) {}

    grpc::ServerGenericBidiReactor *CreateReactor(grpc::GenericCallbackServerContext *context) override {
        const auto found = answers_.find(context->method());
        return new Call(found == answers_.end() ? nullptr : &found->second);
    }

  private:
    const std::map<std::string, grpc::ByteBuffer> answers_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: server PREDICT METADATA STATUS\n");
        return 2;
    }
    Service service({{"/tensorflow.serving.PredictionService/Predict", read_file(argv[1])},
                     {"/tensorflow.serving.PredictionService/GetModelMetadata", read_file(argv[2])},
                     {"/tensorflow.serving.ModelService/GetModelStatus", read_file(argv[3])}});
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterCallbackGenericService(&service);
    const auto server = builder.BuildAndStart();
    if (!server) {
        std::fprintf(stderr, "cannot listen on 127.0.0.1\n");
        return 1;
    }
    std::printf("%d\n", port);
    std::fflush(stdout);
    char ignored[256];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    server->Shutdown(std::chrono::system_clock::now());
    return 0;
}
