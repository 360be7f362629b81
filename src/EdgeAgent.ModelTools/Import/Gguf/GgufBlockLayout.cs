namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Unpacks one block: a level for each weight, a scale and a minimum for each group of weights.</summary>
internal delegate void UnpackBlock(
    ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums);

/// <summary>How a tensor type of GGML is laid out: weight = scale × level + minimum, group by group.</summary>
/// <remarks>
/// Numbers, sizes and bit positions from ggml (ggml.h, ggml-common.h, the reference code of ggml-quants.c).
/// </remarks>
/// <param name="Number">In the file.</param>
/// <param name="BlockElements">Weights of a block; 1 where the type is not quantized.</param>
/// <param name="GroupElements">Weights that share a scale.</param>
/// <param name="LowestLevel">The levels lie from here …</param>
/// <param name="HighestLevel">… to here.</param>
/// <param name="Unpack">Null where the type is not quantized.</param>
internal sealed record GgufBlockLayout(
    uint Number, string Name, int BlockElements, int BlockBytes, int GroupElements, int LowestLevel, int HighestLevel,
    bool HasMinimum, UnpackBlock? Unpack)
{
    public static readonly GgufBlockLayout F32 = Plain(0, "F32", sizeof(float));
    public static readonly GgufBlockLayout F16 = Plain(1, "F16", sizeof(ushort));
    public static readonly GgufBlockLayout BF16 = Plain(30, "BF16", sizeof(ushort));

    private static readonly GgufBlockLayout[] Known =
    [
        F32, F16, BF16,
        new(2, "Q4_0", 32, 18, 32, -8, 7, HasMinimum: false, SimpleBlocks.Q4Symmetric),
        new(3, "Q4_1", 32, 20, 32, 0, 15, HasMinimum: true, SimpleBlocks.Q4WithMinimum),
        new(6, "Q5_0", 32, 22, 32, -16, 15, HasMinimum: false, SimpleBlocks.Q5Symmetric),
        new(7, "Q5_1", 32, 24, 32, 0, 31, HasMinimum: true, SimpleBlocks.Q5WithMinimum),
        new(8, "Q8_0", 32, 34, 32, -128, 127, HasMinimum: false, SimpleBlocks.Q8),
        new(10, "Q2_K", 256, 84, 16, 0, 3, HasMinimum: true, SuperBlocks.Q2),
        new(11, "Q3_K", 256, 110, 16, -4, 3, HasMinimum: false, SuperBlocks.Q3),
        new(12, "Q4_K", 256, 144, 32, 0, 15, HasMinimum: true, SuperBlocks.Q4),
        new(13, "Q5_K", 256, 176, 32, 0, 31, HasMinimum: true, SuperBlocks.Q5),
        new(14, "Q6_K", 256, 210, 16, -32, 31, HasMinimum: false, SuperBlocks.Q6),
        new(20, "IQ4_NL", 32, 18, 32, -127, 113, HasMinimum: false, UnevenBlocks.Simple),
        new(23, "IQ4_XS", 256, 136, 32, -127, 113, HasMinimum: false, UnevenBlocks.Super),
    ];

    public static string KnownNames => string.Join(", ", Known.Select(layout => layout.Name));

    public bool IsQuantized => Unpack is not null;

    public int Groups => BlockElements / GroupElements;

    public static GgufBlockLayout? Of(uint number) => Array.Find(Known, layout => layout.Number == number);

    private static GgufBlockLayout Plain(uint number, string name, int bytes) =>
        new(number, name, 1, bytes, 1, 0, 0, HasMinimum: false, null);
}
