using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Writes safetensors files.</summary>
internal static class SafetensorsWriter
{
    /// <summary>A file of fp32 tensors.</summary>
    public static void Write(string path, IEnumerable<(string Name, long[] Shape, float[] Values)> tensors)
    {
        var all = tensors.ToList();
        using var file = File.Create(path);
        WriteHeader(file, "F32", sizeof(float), all.Select(tensor => (tensor.Name, tensor.Shape)));
        foreach (var (_, _, values) in all)
        {
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    /// <summary>The beginning of a file whose tensors follow in the same order, all of one type.</summary>
    /// <returns>Bytes that follow.</returns>
    public static long WriteHeader(
        Stream file, string type, int bytesOfValue, IEnumerable<(string Name, long[] Shape)> tensors)
    {
        var header = new JsonObject();
        long end = 0;
        foreach (var (name, shape) in tensors)
        {
            var begin = end;
            end += bytesOfValue * shape.Aggregate(1L, (all, n) => all * n);
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(begin, end),
            };
        }
        var text = Encoding.UTF8.GetBytes(header.ToJsonString());
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        file.Write([.. length, .. text]);
        return end;
    }
}
