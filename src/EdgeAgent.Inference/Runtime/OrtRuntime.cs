using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>ONNX Runtime as this process has it: which library, one thread pool for all sessions.</summary>
public static partial class OrtRuntime
{
    /// <summary>The official builds of 1.31 report to Microsoft unless this is set.</summary>
    private const string NoTelemetryVariable = "ORT_DISABLE_TELEMETRY";

    /// <summary>Environment variable that names the user's own library, as NVIDIA ships it for Jetson.</summary>
    public const string LibraryPathVariable = "ORT_LIBRARY_PATH";

    /// <summary>ONNX Runtime 1.28 crashes on Arm with quantized weights inside a branch (its issue 31137).</summary>
    private static readonly Version OldestOnArm = new(1, 30);

    private static readonly Lock Starting = new();
    private static OrtEnv? _environment;

    /// <summary>Version of the library that is loaded.</summary>
    public static Version LibraryVersion { get; private set; } = new(0, 0);

    /// <summary>The library that the user named, or null for the one that came with the agent.</summary>
    public static string? LibraryPath { get; private set; }

    private static string BindingVersion =>
        typeof(OrtEnv).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0] ?? "unknown";

    /// <summary>Threads of the pool that all sessions share.</summary>
    public static int Threads { get; private set; }

    /// <summary>Loads the library and makes the thread pool; later calls change nothing.</summary>
    /// <param name="threads">0: as many as the processor has cores, at most 4 (more only wait for memory).</param>
    /// <exception cref="InferenceException">The library cannot be loaded, or is too old for this processor.</exception>
    public static void Start(int threads = 0)
    {
        lock (Starting)
        {
            if (_environment is not null)
            {
                return;
            }
            // The C library's environment: .NET changes a copy of its own, which native code does not see.
            _ = SetNativeVariable(NoTelemetryVariable, "1", overwrite: 1);
            NativeHeap.MapLargePieces();
            UseLibraryOfUser();
            Threads = threads > 0 ? threads : Math.Clamp(Environment.ProcessorCount, 1, 4);
            try
            {
                _environment = Create();
            }
            catch (Exception error) when (error is DllNotFoundException or TypeInitializationException
                or EntryPointNotFoundException or OnnxRuntimeException)
            {
                throw new InferenceException(InferenceFault.LibraryMissing,
                    LibraryPath is null
                        ? $"ONNX Runtime cannot be loaded: {error.GetBaseException().Message} Install the agent again."
                        : $"ONNX Runtime cannot be loaded from {LibraryPath}: {error.GetBaseException().Message} "
                            + $"It must be at least as new as the agent's binding ({BindingVersion}). Name another "
                            + $"library, or unset {LibraryPathVariable} to use the agent's own.",
                    error);
            }
            CheckVersion(RuntimeInformation.ProcessArchitecture, LibraryVersion);
        }
    }

    /// <summary>Refuses a library that is known to crash here.</summary>
    internal static void CheckVersion(Architecture architecture, Version version)
    {
        if (architecture == Architecture.Arm64 && version < OldestOnArm)
        {
            throw new InferenceException(InferenceFault.LibraryTooOld,
                $"ONNX Runtime {version} crashes on Arm with the graphs of this agent (onnxruntime issue 31137). "
                + $"Point {LibraryPathVariable} to {OldestOnArm} or newer, or unset it to use the agent's own.");
        }
    }

    private static OrtEnv Create()
    {
        using var pool = new OrtThreadingOptions
        {
            GlobalIntraOpNumThreads = Threads,
            GlobalInterOpNumThreads = 1,
            // Threads spin while a run lasts only: sessions stop it at the end of each run.
            GlobalSpinControl = true,
        };
        var options = new EnvironmentCreationOptions
        {
            logId = "edge-agent",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            threadOptions = pool,
        };
        var environment = OrtEnv.CreateInstanceWithOptions(ref options);
        environment.DisableTelemetryEvents();
        LibraryVersion = Version.TryParse(environment.GetVersionString(), out var version) ? version : new(0, 0);
        return environment;
    }

    private static void UseLibraryOfUser()
    {
        LibraryPath = Environment.GetEnvironmentVariable(LibraryPathVariable) is { Length: > 0 } path ? path : null;
        if (LibraryPath is null)
        {
            return;
        }
        if (!File.Exists(LibraryPath))
        {
            throw new InferenceException(InferenceFault.LibraryMissing,
                $"{LibraryPathVariable} names {LibraryPath}, which is not there. Correct it, or unset it.");
        }
        // Before anything of the binding is touched: it would register a resolver of its own, and yields to ours.
        NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name.Contains("onnxruntime", StringComparison.Ordinal) && !name.Contains("extensions", StringComparison.Ordinal)
            ? NativeLibrary.Load(LibraryPath!)
            : IntPtr.Zero;
}
