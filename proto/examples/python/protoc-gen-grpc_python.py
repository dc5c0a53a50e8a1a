"""The plugin that makes gRPC stubs. grpcio-tools has it, but inside a protoc of its own, where buf cannot call it."""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

asked = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
made = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
with tempfile.TemporaryDirectory() as folder:
    image, out = Path(folder, "image.binpb"), Path(folder, "out")
    image.write_bytes(FileDescriptorSet(file=asked.proto_file).SerializeToString())
    out.mkdir()
    files = list(asked.file_to_generate)
    if protoc.main(["protoc", f"--descriptor_set_in={image}", f"--grpc_python_out={out}", *files]) != 0:
        sys.exit(1)
    for stub in sorted(out.rglob("*.py")):
        made.file.add(name=stub.relative_to(out).as_posix(), content=stub.read_text())
sys.stdout.buffer.write(made.SerializeToString())
