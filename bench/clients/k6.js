// k6's side of the benchmark `peers`: one Predict after the other, on a connection per virtual user.
// k6 takes a request as JSON (bytes as base64) and encodes it for each call; it cannot send ready bytes.
import grpc from 'k6/net/grpc';
import encoding from 'k6/encoding';

const client = new grpc.Client();
client.loadProtoset(__ENV.BENCH_PROTOSET);

const height = Number(__ENV.BENCH_HEIGHT);
const width = Number(__ENV.BENCH_WIDTH);
const request = {
  modelSpec: { name: 'ssd', signatureName: 'serving_default' },
  inputs: {
    inputs: {
      dtype: 'DT_UINT8',
      tensorShape: { dim: [1, height, width, 3].map((size) => ({ size: String(size) })) },
      tensorContent: encoding.b64encode(new Uint8Array(height * width * 3).buffer),
    },
  },
};

let connected = false;

export default function () {
  if (!connected) {
    client.connect(__ENV.BENCH_ADDRESS, { plaintext: true });
    connected = true;
  }
  client.invoke('tensorflow.serving.PredictionService/Predict', request);
}
