namespace EdgeAgent.ModelTools.Quantize;

/// <summary>How a matrix is quantized: bits of a weight, weights of a block, with zero points or without.</summary>
internal sealed record BlockFormat(int Bits, int BlockSize, bool IsSymmetric)
{
    /// <summary>4 bits, symmetric, blocks of 32: what Nano was trained with.</summary>
    public static readonly BlockFormat Int4 = new(4, 32, IsSymmetric: true);

    /// <summary>8 bits, symmetric, blocks of 32: for the matrices that suffer most, such as the head.</summary>
    public static readonly BlockFormat Int8 = new(8, 32, IsSymmetric: true);

    /// <summary>The stored level that means zero where there are no zero points.</summary>
    public int Middle => 1 << (Bits - 1);

    public int HighestLevel => (1 << Bits) - 1;

    /// <summary>Bytes of one block of weights.</summary>
    public int BlockBytes => BlockSize * Bits / 8;

    public int Blocks(int inputs) => inputs / BlockSize;

    /// <summary>Bytes of the zero points of one row; a row of 4-bit ones ends on a whole byte.</summary>
    public int ZeroPointRowBytes(int inputs) => ((Blocks(inputs) * Bits) + 7) / 8;

    /// <summary>Bits that one weight takes, its share of scales (fp32) and zero points included.</summary>
    public double StoredBits => Bits + (((8.0 * sizeof(float)) + (IsSymmetric ? 0 : Bits)) / BlockSize);

    /// <summary>Bits that a weight of a matrix takes, the whole bytes of its zero points included.</summary>
    public double StoredBitsOf(int inputs)
    {
        var scales = (double)Blocks(inputs) * sizeof(float);
        var zeros = IsSymmetric ? 0 : ZeroPointRowBytes(inputs);
        return 8 * (((double)Blocks(inputs) * BlockBytes) + scales + zeros) / inputs;
    }
}

/// <summary>A quantized matrix in the layout of <c>MatMulNBits</c>.</summary>
/// <param name="Packed">[outputs, blocks, block bytes]; of 4-bit weights the earlier one in the low half.</param>
/// <param name="Scales">[outputs, blocks]</param>
/// <param name="ZeroPoints">[outputs, zero point bytes of a row], packed as the weights; null: symmetric.</param>
internal sealed record QuantizedMatrix(
    BlockFormat Format, int Outputs, int Inputs, byte[] Packed, float[] Scales, byte[]? ZeroPoints)
{
    /// <summary>Added to every weight of a block, [outputs, blocks]; null: nothing is.</summary>
    /// <remarks>What a minimum leaves where the zero point is a whole level; see MinimumColumns.</remarks>
    public float[]? Remainders { get; init; }

    /// <summary>Room for a matrix of the given size, all zeros.</summary>
    public static QuantizedMatrix Allocate(BlockFormat format, int outputs, int inputs) => new(
        format, outputs, inputs,
        new byte[(long)outputs * format.Blocks(inputs) * format.BlockBytes],
        new float[(long)outputs * format.Blocks(inputs)],
        format.IsSymmetric ? null : new byte[(long)outputs * format.ZeroPointRowBytes(inputs)]);

    public int LevelAt(int row, int column) => Format.Bits == 4
        ? (Packed[(((long)row * Inputs) + column) / 2] >> (4 * (column & 1))) & 15
        : Packed[((long)row * Inputs) + column];

    public int ZeroPointAt(int row, int block) => ZeroPoints is null
        ? Format.Middle
        : Format.Bits == 4
            ? (ZeroPoints[((long)row * Format.ZeroPointRowBytes(Inputs)) + (block / 2)] >> (4 * (block & 1))) & 15
            : ZeroPoints[((long)row * Format.ZeroPointRowBytes(Inputs)) + block];

    public float ScaleAt(int row, int block) => Scales[((long)row * Format.Blocks(Inputs)) + block];

    /// <summary>Sets scale and zero point of a block; a symmetric one has its zero in the middle.</summary>
    public void SetScale(int row, int block, float scale, int zero)
    {
        Scales[((long)row * Format.Blocks(Inputs)) + block] = scale;
        if (ZeroPoints is not null)
        {
            SetZeroPoint(row, block, zero);
        }
    }

    public void SetLevel(int row, int column, int level) =>
        Set(Packed, (long)row * Inputs * Format.Bits / 8, column, level);

    public void SetZeroPoint(int row, int block, int level) =>
        Set(ZeroPoints!, (long)row * Format.ZeroPointRowBytes(Inputs), block, level);

    /// <summary>The weights that the levels stand for, [outputs, inputs].</summary>
    public float[] Dequantize()
    {
        var values = new float[(long)Outputs * Inputs];
        var blocks = Format.Blocks(Inputs);
        for (var row = 0; row < Outputs; row++)
        {
            for (var block = 0; block < blocks; block++)
            {
                var scale = Scales[((long)row * blocks) + block];
                var zero = ZeroPointAt(row, block);
                var remainder = Remainders?[((long)row * blocks) + block] ?? 0;
                var end = (block + 1) * Format.BlockSize;
                for (var column = block * Format.BlockSize; column < end; column++)
                {
                    values[((long)row * Inputs) + column] = (scale * (LevelAt(row, column) - zero)) + remainder;
                }
            }
        }
        return values;
    }

    /// <summary>Some rows alone.</summary>
    public QuantizedMatrix Rows(int first, int count)
    {
        T[] Part<T>(T[] values) => values.AsSpan(
            (int)((long)values.Length / Outputs * first), (int)((long)values.Length / Outputs * count)).ToArray();
        return new QuantizedMatrix(Format, count, Inputs, Part(Packed), Part(Scales),
            ZeroPoints is null ? null : Part(ZeroPoints))
        {
            Remainders = Remainders is null ? null : Part(Remainders),
        };
    }

    /// <summary>The rows of matrices of one format and width, one after the other.</summary>
    public static QuantizedMatrix Join(IReadOnlyList<QuantizedMatrix> parts)
    {
        T[] All<T>(Func<QuantizedMatrix, T[]> values)
        {
            var all = new T[parts.Sum(part => values(part).LongLength)];
            long end = 0;
            foreach (var part in parts)
            {
                values(part).CopyTo(all, end);
                end += values(part).LongLength;
            }
            return all;
        }
        return parts.Count == 1
            ? parts[0]
            : new QuantizedMatrix(
                parts[0].Format, parts.Sum(part => part.Outputs), parts[0].Inputs,
                All(part => part.Packed), All(part => part.Scales),
                parts[0].ZeroPoints is null ? null : All(part => part.ZeroPoints!))
            {
                Remainders = parts[0].Remainders is null ? null : All(part => part.Remainders!),
            };
    }

    private void Set(byte[] target, long rowStart, int index, int level)
    {
        if (Format.Bits == 8)
        {
            target[rowStart + index] = (byte)level;
            return;
        }
        ref var pair = ref target[rowStart + (index / 2)];
        pair = (byte)((index & 1) == 0 ? (pair & 0xF0) | level : (pair & 0x0F) | (level << 4));
    }
}
