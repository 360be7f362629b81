using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace MqttClientComparison;

/// <summary>
/// The client over libmosquitto that DESIGN first chose: one thread polls, reads, commits, and only then writes.
/// </summary>
internal static unsafe partial class Mosquitto
{
    private const string Library = "libmosquitto.so.1";
    private const short PollIn = 1, PollOut = 4;
    private const int ProtocolVersion = 1, ReceiveMaximum = 4, TcpNoDelay = 11;

    private static readonly List<byte[]> Batch = [];
    private static volatile bool s_subscribed;

    /// <summary>Connects, subscribes to <c>req/#</c> and runs until <paramref name="handle"/> says stop.</summary>
    public static void Run(
        int port, string clientId, Func<List<byte[]>, List<byte[]>> handle, Action subscribed, Func<bool> done)
    {
        mosquitto_lib_init();
        var client = mosquitto_new(clientId, 0, 0);
        mosquitto_int_option(client, ProtocolVersion, 5);
        mosquitto_int_option(client, ReceiveMaximum, 200);
        mosquitto_int_option(client, TcpNoDelay, 1);
        mosquitto_threaded_set(client, 1);
        mosquitto_connect_callback_set(client, &OnConnect);
        mosquitto_subscribe_callback_set(client, &OnSubscribe);
        mosquitto_message_callback_set(client, &OnMessage);
        nint properties = 0;
        mosquitto_property_add_int32(&properties, 17, 3600);
        if (mosquitto_connect_bind_v5(client, "127.0.0.1", port, 30, 0, properties) != 0)
        {
            throw new InvalidOperationException("no broker");
        }
        var told = false;
        while (!done())
        {
            var poll = new PollFd { Fd = mosquitto_socket(client), Events = PollIn };
            poll.Events |= mosquitto_want_write(client) != 0 ? PollOut : (short)0;
            if (Poll(&poll, 1, 100) <= 0)
            {
                mosquitto_loop_misc(client);
                continue;
            }
            for (var k = 0; (poll.Revents & PollIn) != 0 && k < 64; k++)
            {
                if (mosquitto_loop_read(client, 1) != 0)
                {
                    break;
                }
                var more = new PollFd { Fd = poll.Fd, Events = PollIn };
                if (Poll(&more, 1, 0) <= 0)
                {
                    break;
                }
            }
            if (Batch.Count > 0)
            {
                foreach (var answer in handle(Batch))
                {
                    fixed (byte* p = answer)
                    {
                        mosquitto_publish(client, 0, "res", answer.Length, p, 1, 0);
                    }
                }
                Batch.Clear();
            }
            if (mosquitto_want_write(client) != 0)
            {
                mosquitto_loop_write(client, 1);
            }
            if (s_subscribed && !told)
            {
                told = true;
                subscribed();
            }
        }
        mosquitto_disconnect(client);
        mosquitto_loop_write(client, 1);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnConnect(nint client, nint state, int code) => mosquitto_subscribe(client, 0, "req/#", 1);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSubscribe(nint client, nint state, int id, int count, nint granted) => s_subscribed = true;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(nint client, nint state, Message* message) =>
        Batch.Add(new ReadOnlySpan<byte>(message->Payload, message->PayloadLength).ToArray());

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public int Id;
        public byte* Topic;
        public byte* Payload;
        public int PayloadLength;
        public int Qos;
        public byte Retain;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events, Revents;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollFd* fds, nuint count, int timeout);

    [LibraryImport(Library)]
    private static partial int mosquitto_lib_init();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint mosquitto_new(string id, byte clean, nint state);

    [LibraryImport(Library)]
    private static partial int mosquitto_int_option(nint client, int option, int value);

    [LibraryImport(Library)]
    private static partial int mosquitto_threaded_set(nint client, byte threaded);

    [LibraryImport(Library)]
    private static partial void mosquitto_connect_callback_set(
        nint client, delegate* unmanaged[Cdecl]<nint, nint, int, void> callback);

    [LibraryImport(Library)]
    private static partial void mosquitto_subscribe_callback_set(
        nint client, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> callback);

    [LibraryImport(Library)]
    private static partial void mosquitto_message_callback_set(
        nint client, delegate* unmanaged[Cdecl]<nint, nint, Message*, void> callback);

    [LibraryImport(Library)]
    private static partial int mosquitto_property_add_int32(nint* list, int id, uint value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mosquitto_connect_bind_v5(
        nint client, string host, int port, int keepAlive, nint bind, nint properties);

    [LibraryImport(Library)]
    private static partial int mosquitto_socket(nint client);

    [LibraryImport(Library)]
    private static partial byte mosquitto_want_write(nint client);

    [LibraryImport(Library)]
    private static partial int mosquitto_loop_misc(nint client);

    [LibraryImport(Library)]
    private static partial int mosquitto_loop_read(nint client, int packets);

    [LibraryImport(Library)]
    private static partial int mosquitto_loop_write(nint client, int packets);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mosquitto_subscribe(nint client, nint id, string filter, int qos);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mosquitto_publish(
        nint client, nint id, string topic, int length, byte* payload, int qos, byte retain);

    [LibraryImport(Library)]
    private static partial int mosquitto_disconnect(nint client);
}
