namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>What a GGUF file may hold at most; all is checked before anything is allocated for it.</summary>
internal static class GgufLimits
{
    /// <summary>Everything before the tensors; the largest vocabularies in use need about 16 MiB.</summary>
    public const long HeaderBytes = 128 << 20;

    public const int Fields = 4096;
    public const int Tensors = 65_536;
    public const int Dimensions = 4;
    public const int KeyBytes = 256;

    /// <summary>As in llama.cpp, whose names have room for 63 bytes.</summary>
    public const int TensorNameBytes = 63;

    public const int TextBytes = 1 << 20;
    public const int TemplateBytes = 64 << 10;
    public const int ArrayEntries = 2 << 20;
    public const int Alignment = 1 << 16;
}
