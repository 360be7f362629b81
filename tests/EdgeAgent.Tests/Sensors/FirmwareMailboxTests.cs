using System.Buffers.Binary;
using System.Text;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>The message to the firmware, byte by byte as vcgencmd lays it out, and what counts as an answer.</summary>
public sealed class FirmwareMailboxTests
{
    // vcgencmd.c: MAX_STRING of 4096 bytes and seven words; the text begins behind six of them.
    private const int MessageBytes = 4096 + 28;
    private const int TextAt = 24;

    [Fact]
    public void A_command_is_laid_out_as_vcgencmd_does_it()
    {
        var message = new byte[MessageBytes];
        Array.Fill(message, (byte)0xff);
        FirmwareMailbox.Write(message, "pmic_read_adc"u8);
        Assert.Equal([4124u, 0u, 0x00030080u, 4096u, 0u, 0u], Enumerable.Range(0, 6).Select(i => Word(message, i)));
        Assert.Equal("pmic_read_adc", Encoding.ASCII.GetString(message, TextAt, 13));
        // The zero byte behind the command, the rest of its room, and the end tag.
        Assert.True(message.AsSpan(TextAt + 13).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(8, 0xC0086400)] // ml-energy/zeus, zeus/device/machine/rpi.py, on a 64-bit Pi 5
    [InlineData(4, 0xC0046400)] // Linux include/uapi/asm-generic/ioctl.h with a pointer of four bytes
    public void The_request_number_is_that_of_the_kernel(int pointerBytes, uint expected) =>
        Assert.Equal(expected, FirmwareMailbox.Request(pointerBytes));

    [Fact]
    public void A_command_that_leaves_no_room_for_its_zero_byte_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => FirmwareMailbox.Write(new byte[MessageBytes], new byte[4092]));

    [Fact]
    public void The_text_of_an_answer_ends_before_its_zero_byte()
    {
        Assert.True(FirmwareMailbox.TryText(Answer("VDD_CORE_A current(7)=1.0A\n"), out var text));
        Assert.Equal("VDD_CORE_A current(7)=1.0A\n", Encoding.ASCII.GetString(text));
    }

    [Theory]
    [InlineData(0, 4120u)] // another length
    [InlineData(1, 0u)] // not answered
    [InlineData(1, 0x80000001u)] // the firmware could not read the message
    [InlineData(2, 0x00030006u)] // another tag
    [InlineData(5, 1u)] // the command failed
    public void A_message_with_a_wrong_word_is_no_answer(int word, uint value)
    {
        var message = Answer("VDD_CORE_A current(7)=1.0A\n");
        Assert.True(FirmwareMailbox.TryText(message, out _));
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(word * 4), value);
        Assert.False(FirmwareMailbox.TryText(message, out var text));
        Assert.True(text.IsEmpty);
    }

    [Fact]
    public void A_text_without_an_end_is_no_answer()
    {
        var message = Answer("");
        Assert.False(FirmwareMailbox.TryText(message, out _));
        message.AsSpan(TextAt).Fill((byte)'A');
        Assert.False(FirmwareMailbox.TryText(message, out _));
        // Four bytes of the text's room are outside of the value whose length the message names.
        message[TextAt + 4092] = 0;
        Assert.False(FirmwareMailbox.TryText(message, out _));
        message[TextAt + 4091] = 0;
        Assert.True(FirmwareMailbox.TryText(message, out var text));
        Assert.Equal(4091, text.Length);
    }

    [Fact]
    public void A_shorter_message_is_no_answer() =>
        Assert.False(FirmwareMailbox.TryText(Answer("A").AsSpan(0, 100), out _));

    [Fact]
    public void A_device_that_is_missing_is_absent_and_one_that_is_no_mailbox_fails()
    {
        using var board = new BoardFolder("raspberry-pi-5");
        board.Write("dev/vcio", "a file takes no request");
        var message = new byte[MessageBytes];
        FirmwareMailbox.Write(message, "pmic_read_adc"u8);
        Assert.Equal(MailboxState.Absent, FirmwareMailbox.Ask(Path.Combine(board.Root, "dev/none"), message));
        Assert.Equal(MailboxState.Failed, FirmwareMailbox.Ask(Path.Combine(board.Root, "dev/vcio"), message));
    }

    /// <summary>What a driver leaves in the message: success, and the text in the command's place.</summary>
    internal static byte[] Answer(string text)
    {
        var message = new byte[MessageBytes];
        uint[] words = [MessageBytes, 0x80000000, 0x00030080, 4096, 0x80000000 | (uint)text.Length, 0];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(i * 4), words[i]);
        }
        Encoding.Latin1.GetBytes(text).CopyTo(message, TextAt);
        return message;
    }

    private static uint Word(byte[] message, int index) =>
        BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(index * 4));
}
