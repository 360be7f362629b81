using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Functions of ONNX Runtime's C interface that its C# binding leaves out.</summary>
internal static unsafe class OrtFunctions
{
    // Places in the table OrtApi of onnxruntime_c_api.h, which only ever grows at its end.
    private const int GetErrorMessage = 2;
    private const int ReleaseStatus = 93;
    private const int AddExternalInitializersFromFilesInMemory = 279;

    /// <summary>The oldest table with all of these.</summary>
    private const uint TableVersion = 18;

    private static readonly Lazy<IntPtr[]> Table = new(Read);

    /// <summary>Sessions find a file that their graph names in memory, and read it there.</summary>
    /// <param name="address">Stays as it is until the last of the sessions has ended.</param>
    /// <exception cref="InferenceException">ONNX Runtime refuses it.</exception>
    public static void AddFileInMemory(SessionOptions options, string name, IntPtr address, long lengthBytes)
    {
        options.AddSessionConfigEntry("session.use_external_initializer_file_buffers_directly", "1");
        var add = (delegate* unmanaged[Cdecl]<IntPtr, byte**, byte**, nuint*, nuint, IntPtr>)
            Table.Value[AddExternalInitializersFromFilesInMemory];
        var length = (nuint)lengthBytes;
        var content = (byte*)address;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            var path = text;
            Check(add(options.DangerousGetHandle(), &path, &content, &length, 1));
        }
        GC.KeepAlive(options);
    }

    private static void Check(IntPtr status)
    {
        if (status == 0)
        {
            return;
        }
        var text = ((delegate* unmanaged[Cdecl]<IntPtr, IntPtr>)Table.Value[GetErrorMessage])(status);
        var message = Marshal.PtrToStringUTF8(text);
        ((delegate* unmanaged[Cdecl]<IntPtr, void>)Table.Value[ReleaseStatus])(status);
        throw new InferenceException(InferenceFault.GraphFailed, $"ONNX Runtime: {message}");
    }

    private static IntPtr[] Read()
    {
        // The very library that the binding has loaded.
        var library = OrtRuntime.LibraryPath is { } path
            ? NativeLibrary.Load(path) : NativeLibrary.Load("onnxruntime", typeof(OrtEnv).Assembly, null);
        var getBase = (delegate* unmanaged[Cdecl]<IntPtr*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        var getTable = (delegate* unmanaged[Cdecl]<uint, IntPtr*>)getBase()[0];
        return new Span<IntPtr>(getTable(TableVersion), AddExternalInitializersFromFilesInMemory + 1).ToArray();
    }
}
