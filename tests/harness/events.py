"""Clients of control's gRPC, of EventService.Watch first of all. They know the messages from the server's own reflection."""

import struct
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
WATCH = "/tutti.control.v1.EventService/Watch"
PAUSE_SECONDS = 0.05


def _fields(data):
    """(number, bytes) of a message's length-delimited fields; others are passed over."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while position < len(data):
        key = varint()
        if key & 7 == 0:
            varint()
        elif key & 7 == 2:
            length = varint()
            yield key >> 3, data[position:position + length]
            position += length
        else:
            raise ValueError(f"wire type {key & 7}")


class Messages:
    """Classes of the messages around a symbol, as a server describes them."""

    def __init__(self, channel, symbol):
        # Field 4 of the request names a symbol; field 4 of the answer has files as its field 1.
        request = b"\x22" + struct.pack("B", len(symbol)) + symbol.encode()
        answer = next(channel.stream_stream(REFLECTION)(iter([request]), timeout=5, wait_for_ready=True))
        files = {}
        for number, response in _fields(answer):
            if number == 4:
                for _, file in _fields(response):
                    proto = descriptor_pb2.FileDescriptorProto.FromString(file)
                    files[proto.name] = proto
        assert files, f"reflection knows nothing of {symbol}: {answer}"
        self._pool = descriptor_pool.DescriptorPool()
        added = set()

        def add(name):
            if name in added:
                return
            added.add(name)
            for dependency in files[name].dependency:
                add(dependency)
            self._pool.Add(files[name])
        for name in files:
            add(name)
        self._factory = message_factory.MessageFactory(self._pool)

    def service(self, name):
        return self._pool.FindServiceByName(name)

    def type(self, name):
        return self._factory.GetPrototype(self._pool.FindMessageTypeByName(name))


class Service:
    """A service of control, called directly: methods by name, messages as dicts in JSON's spelling."""

    def __init__(self, address, name):
        self.channel = grpc.insecure_channel(address)
        self.name = name
        self._messages = Messages(self.channel, name)

    def call(self, method, seconds=10, **request):
        described = self._messages.service(self.name).methods_by_name[method]
        ask = self._messages.type(described.input_type.full_name)
        answer = self._messages.type(described.output_type.full_name)
        rpc = self.channel.unary_unary(f"/{self.name}/{method}", request_serializer=ask.SerializeToString,
                                       response_deserializer=answer.FromString)
        return rpc(json_format.ParseDict(request, ask()), timeout=seconds, wait_for_ready=True)

    def close(self):
        self.channel.close()


class Event:
    """One event: the envelope's fields, `data` as a dict whose enums are REST's words, and the bytes that came."""

    def __init__(self, message):
        self.type = message.type
        self.id = message.id
        self.stream = message.stream
        self.sequence = message.sequence
        self.cursor = message.cursor
        self.kind = message.WhichOneof("data")
        self.data = json_format.MessageToDict(getattr(message, self.kind), preserving_proto_field_name=True)
        for name, value in self.data.items():
            if isinstance(value, str) and value.startswith(name.upper() + "_"):
                self.data[name] = value[len(name) + 1:].lower()
        # The cursor is how it was delivered, not what happened.
        message.ClearField("cursor")
        self.content = message.SerializeToString(deterministic=True)

    def __repr__(self):
        return f"{self.stream}#{self.sequence} {self.type} {self.data.get('status')}"


class EventClient:
    """Watches of one control process."""

    def __init__(self, address, metadata=()):
        self.address = address
        self.metadata = metadata
        # A restarted process is connected to at once.
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.min_reconnect_backoff_ms", 50), ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 100)])
        messages = Messages(self.channel, "tutti.control.v1.EventService")
        self.request = messages.type("tutti.control.v1.WatchEventsRequest")
        self.event = messages.type("tutti.control.v1.Event")

    def watch(self, timeout=None, **request):
        """The call: iterate over it for messages of Event; cancel() ends it."""
        method = self.channel.unary_stream(WATCH, request_serializer=lambda message: message.SerializeToString(),
                                           response_deserializer=self.event.FromString)
        # A process that is being restarted is waited for.
        return method(self.request(**request), timeout=timeout, metadata=self.metadata, wait_for_ready=True)

    def read(self, count, seconds=10, **request):
        """The first `count` events of a Watch."""
        call = self.watch(timeout=seconds, **request)
        events = []
        try:
            while len(events) < count:
                events.append(Event(next(call)))
        except grpc.RpcError as error:
            raise AssertionError(f"{len(events)} of {count} events came: {error}") from error
        finally:
            call.cancel()
        return events

    def close(self):
        self.channel.close()


class Follower:
    """Follows all events, or one stream, in a thread: after a break it goes on behind the last one that came.

    `seen` is called for each event, on that thread.
    """

    def __init__(self, client, seen, stream=None):
        self.client = client
        self.seen = seen
        self.stream = stream
        self.cursor = ""
        self.sequence = 0
        self.breaks = 0
        self.refused = None
        self._ending = threading.Event()
        self._begun = threading.Event()
        self._call = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        # From here on nothing is missed.
        assert self._begun.wait(10), f"no Watch of {client.address}"

    def _run(self):
        while not self._ending.is_set():
            point = {"stream": self.stream, "after_sequence": self.sequence} if self.stream else {"cursor": self.cursor}
            try:
                self._call = self.client.watch(**point)
                self._call.initial_metadata()
                self._begun.set()
                for message in self._call:
                    event = Event(message)
                    self.seen(event)
                    self.cursor = event.cursor
                    self.sequence = event.sequence
            except grpc.RpcError as error:
                if self._ending.is_set():
                    return
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN):
                    self.refused = error
                    return
                self.breaks += 1
            self._ending.wait(PAUSE_SECONDS)

    def end(self):
        self._ending.set()
        deadline = time.monotonic() + 10
        while self._thread.is_alive() and time.monotonic() < deadline:
            if self._call:
                self._call.cancel()
            self._thread.join(0.1)
