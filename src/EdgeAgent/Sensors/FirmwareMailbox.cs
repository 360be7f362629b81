using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security;
using Microsoft.Win32.SafeHandles;

namespace EdgeAgent.Sensors;

/// <summary>What came of asking the firmware.</summary>
internal enum MailboxState
{
    Answered,

    /// <summary>There is no such device.</summary>
    Absent,

    /// <summary>The device is there, and our account may not open it.</summary>
    Denied,

    Failed,
}

/// <summary>Sends a message through a mailbox device; the answer takes the message's place.</summary>
internal delegate MailboxState MailboxCall(string device, byte[] message);

/// <summary>Commands in words to a Raspberry Pi's firmware, as `vcgencmd` sends them.</summary>
/// <remarks>
/// Layout and lengths: raspberrypi/utils vcgencmd/vcgencmd.c (gencmd) at 41d0d40. Devices, permitted tags and the
/// number in the second word of an answer: raspberrypi/linux drivers/char/broadcom/vcio.c. Words are little-endian:
/// 0 bytes in all, 1 code, 2 tag, 3 bytes of the value, 4 the tag's own code, which vcgencmd does not look at either;
/// the value: 5 error of the command, 6 its text, which ends with a zero byte; zeroes as the end tag.
/// </remarks>
internal static partial class FirmwareMailbox
{
    public const int ValueBytes = 4096;
    public const int MessageBytes = TextAt + ValueBytes + sizeof(uint);

    private const int CodeAt = 4;
    private const int TagAt = 8;
    private const int LengthAt = 12;
    private const int ErrorAt = 20;
    private const int TextAt = 24;
    private const int TextBytes = ErrorAt + ValueBytes - TextAt;

    private const uint CommandTag = 0x00030080; // GET_GENCMD_RESULT
    private const uint Success = 0x80000000;

    // The node that permits this one tag, and where an older kernel has none, the one that permits every tag.
    private static readonly string[] s_devices = ["dev/vcio_gencmd", "dev/vcio"];

    /// <summary>The devices of this board, the one to ask first first; empty where it has none.</summary>
    public static IReadOnlyList<BoardFile> Find(BoardFiles board) =>
        [.. s_devices.Where(board.Exists).Select(board.File)];

    /// <summary>Makes a message of a command.</summary>
    public static void Write(Span<byte> message, ReadOnlySpan<byte> command)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(message.Length, MessageBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(command.Length, TextBytes);
        message.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(message, MessageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message[TagAt..], CommandTag);
        BinaryPrimitives.WriteUInt32LittleEndian(message[LengthAt..], ValueBytes);
        command.CopyTo(message[TextAt..]);
    }

    /// <summary>The text of an answer; false where the firmware refused, or the answer is none.</summary>
    public static bool TryText(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (message.Length != MessageBytes || Word(message, 0) != MessageBytes || Word(message, CodeAt) != Success
            || Word(message, TagAt) != CommandTag || Word(message, ErrorAt) != 0)
        {
            return false;
        }
        var value = message.Slice(TextAt, TextBytes);
        var end = value.IndexOf((byte)0);
        text = end > 0 ? value[..end] : default;
        return end > 0;
    }

    /// <summary>The real call; it waits as long as the firmware takes, about 23 ms for the power chip.</summary>
    /// <remarks>22.6 ms: measured on a Pi 5 by ml-energy/zeus, zeus/device/machine/rpi.py.</remarks>
    public static MailboxState Ask(string device, byte[] message)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(message.Length, MessageBytes);
        try
        {
            using var handle = File.OpenHandle(device, share: FileShare.ReadWrite | FileShare.Delete);
            return Control(handle, Request(nint.Size), message) >= 0 ? MailboxState.Answered : MailboxState.Failed;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return MailboxState.Absent;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or SecurityException)
        {
            return MailboxState.Denied;
        }
        catch (Exception e) when (e is IOException or NotSupportedException or ArgumentException)
        {
            return MailboxState.Failed;
        }
    }

    /// <summary>`_IOWR(100, 0, char *)` of Linux: direction, size of the pointer, kind of device, number 0.</summary>
    public static uint Request(int pointerBytes) => (3u << 30) | ((uint)pointerBytes << 16) | (100u << 8);

    private static uint Word(ReadOnlySpan<byte> message, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(message[at..]);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle device, nuint request, byte[] message);
}
