using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Writes safetensors files of fp32 tensors.</summary>
internal static class SafetensorsWriter
{
    public static void Write(string path, IEnumerable<(string Name, long[] Shape, float[] Values)> tensors)
    {
        var header = new JsonObject();
        var content = new MemoryStream();
        foreach (var (name, shape, values) in tensors)
        {
            var begin = content.Length;
            content.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(begin, content.Length),
            };
        }
        var text = Encoding.UTF8.GetBytes(header.ToJsonString());
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        File.WriteAllBytes(path, [.. length, .. text, .. content.ToArray()]);
    }
}
