// The benchmarks' server: answers every Predict at once, at the least cost that gRPC allows.
//
// It knows method names and bytes. Requests are read whole, their bytes counted, and dropped; answers
// are files that it was given when it started, so it needs no protobuf and does the same for every
// client. It prints one line, its port on 127.0.0.1, when it serves, and ends when its standard input
// does. For each line that comes there it prints what Predict requests have come since the last one:
// their number, and the bytes of all, of the smallest and of the largest. Bytes are those of gRPC's
// message; what HTTP/2 puts around it is not seen from here.
//
//   server PREDICT METADATA STATUS
//
// where each argument is a file that holds a serialised answer.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
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

// How many requests have come, and how large they were.
class Count {
  public:
    void add(size_t bytes) {
        const std::lock_guard<std::mutex> held(mutex_);
        smallest_ = requests_ == 0 ? bytes : std::min(smallest_, bytes);
        largest_ = std::max(largest_, bytes);
        requests_ += 1;
        bytes_ += bytes;
    }

    // Print what has come since the last time.
    void tell() {
        const std::lock_guard<std::mutex> held(mutex_);
        std::printf("%zu %zu %zu %zu\n", requests_, bytes_, smallest_, largest_);
        std::fflush(stdout);
        requests_ = bytes_ = smallest_ = largest_ = 0;
    }

  private:
    std::mutex mutex_;
    size_t requests_ = 0, bytes_ = 0, smallest_ = 0, largest_ = 0;
};

// One call: read the request, write the answer, end.
class Call final : public grpc::ServerGenericBidiReactor {
  public:
    // `count` is told of the request, unless it is null.
    Call(const grpc::ByteBuffer *answer, Count *count) : answer_(answer), count_(count) {
        if (answer_ == nullptr)
            Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not one of this server's methods"));
        else
            StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
        if (ok && count_ != nullptr)
            count_->add(request_.Length());
        if (ok)
            StartWriteAndFinish(answer_, grpc::WriteOptions(), grpc::Status::OK);
        else
            Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
    }

    void OnDone() override { delete this; }

  private:
    const grpc::ByteBuffer *answer_;
    Count *count_;
    grpc::ByteBuffer request_;
};

constexpr char PREDICT[] = "/tensorflow.serving.PredictionService/Predict";

class Service final : public grpc::CallbackGenericService {
  public:
    explicit Service(std::map<std::string, grpc::ByteBuffer> answers) : answers_(std::move(answers)) {}

    grpc::ServerGenericBidiReactor *CreateReactor(grpc::GenericCallbackServerContext *context) override {
        const auto found = answers_.find(context->method());
        return new Call(found == answers_.end() ? nullptr : &found->second,
                        context->method() == PREDICT ? &predicts : nullptr);
    }

    Count predicts;

  private:
    const std::map<std::string, grpc::ByteBuffer> answers_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: server PREDICT METADATA STATUS\n");
        return 2;
    }
    Service service({{PREDICT, read_file(argv[1])},
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
    char asked[256];
    ssize_t length;
    while ((length = read(STDIN_FILENO, asked, sizeof asked)) > 0)
        for (ssize_t k = 0; k < length; ++k)
            if (asked[k] == '\n')
                service.predicts.tell();
    server->Shutdown(std::chrono::system_clock::now());
    return 0;
}
