"""The REST API: serializer in, one call of the floor below, serializer out."""
