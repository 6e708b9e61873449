// Unpacks KHR_meshopt_compression with three.js' own decoder and writes the same GLB without it.
import { readFileSync, writeFileSync } from "node:fs";

const [, , modules, source, target] = process.argv;
const { MeshoptDecoder } = await import(`${modules}/three/examples/jsm/libs/meshopt_decoder.module.js`);
await MeshoptDecoder.ready;

const file = readFileSync(source);
const jsonLength = file.readUInt32LE(12);
const document = JSON.parse(file.subarray(20, 20 + jsonLength).toString());
const packed = file.subarray(28 + jsonLength);

const parts = [];
let end = 0;
for (const view of document.bufferViews) {
  const how = view.extensions?.KHR_meshopt_compression;
  let data;
  if (how) {
    const bytes = packed.subarray(how.byteOffset, how.byteOffset + how.byteLength);
    data = new Uint8Array(how.count * how.byteStride);
    MeshoptDecoder.decodeGltfBuffer(data, how.count, how.byteStride, bytes, how.mode, how.filter);
    delete view.extensions;
  } else {
    data = packed.subarray(view.byteOffset, view.byteOffset + view.byteLength);
  }
  view.buffer = 0;
  view.byteOffset = end;
  const padding = (4 - (data.length % 4)) % 4;
  parts.push(data, new Uint8Array(padding));
  end += data.length + padding;
}
document.buffers = [{ byteLength: end }];
document.extensionsUsed = document.extensionsUsed.filter((name) => name !== "KHR_meshopt_compression");
delete document.extensionsRequired;

let text = Buffer.from(JSON.stringify(document));
text = Buffer.concat([text, Buffer.alloc((4 - (text.length % 4)) % 4, " ")]);
const head = Buffer.alloc(20);
head.write("glTF");
head.writeUInt32LE(2, 4);
head.writeUInt32LE(28 + text.length + end, 8);
head.writeUInt32LE(text.length, 12);
head.write("JSON", 16);
const bin = Buffer.alloc(8);
bin.writeUInt32LE(end, 0);
bin.write("BIN\0", 4);
writeFileSync(target, Buffer.concat([head, text, bin, ...parts]));
