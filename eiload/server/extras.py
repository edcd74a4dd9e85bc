"""Health checks and reflection, as newer builds of TensorFlow Serving have them.

grpc.health.v1 with the two names that its server sets (``ModelService`` and ``PredictionService``,
without their package; model_servers/server.cc) and the empty one that gRPC's C++ library adds;
grpc.reflection.v1alpha for the services that there are. Both by flag: no build that Amazon EI had
knew them.
"""

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio  # type: ignore[attr-defined]
from grpc_reflection.v1alpha import reflection

from eiload.serving.protos import protos_only

with protos_only():
    # Reflection looks the services up in protobuf's pool, where importing them puts them.
    from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

__all__ = ["add_health", "add_reflection"]

HEALTHY = ("", "ModelService", "PredictionService")


async def add_health(server: grpc.aio.Server) -> None:
    """Let `server` answer grpc.health.v1 with SERVING."""
    servicer = aio.HealthServicer()
    for name in HEALTHY:
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)


def add_reflection(server: grpc.aio.Server) -> None:
    """Let `server` describe its services."""
    names = [
        service.full_name
        for file in (prediction_service_pb2.DESCRIPTOR, model_service_pb2.DESCRIPTOR)
        for service in file.services_by_name.values()
    ]
    reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
