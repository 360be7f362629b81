using System.Security.Cryptography;

namespace EdgeAgent.ModelPackage;

/// <summary>A model package on disk whose manifest has been read and checked.</summary>
public sealed class PackageFolder
{
    /// <summary>Name of the detached signature, which no manifest can list.</summary>
    public const string SignatureFileName = "model.sig";

    private const int HashChunkBytes = 1 << 20;

    private PackageFolder(string path, PackageManifest manifest) => (Path, Manifest) = (path, manifest);

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    public PackageManifest Manifest { get; }

    /// <summary>Reads the manifest; no other file is touched.</summary>
    /// <exception cref="PackageException">No folder, no manifest, or one that breaks a rule.</exception>
    public static PackageFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(path))
        {
            throw new PackageException(PackageFaultKind.FolderMissing, path,
                $"There is no model package at {path}. Name a folder that holds a {PackageManifest.FileName}, "
                + "or make one: edge-agent model import SOURCE --out DIR.");
        }
        var file = System.IO.Path.Combine(path, PackageManifest.FileName);
        if (!File.Exists(file))
        {
            throw new PackageException(PackageFaultKind.ManifestMissing, PackageManifest.FileName,
                $"{path} holds no {PackageManifest.FileName}, so it is not a model package. "
                + "Turn a Hugging Face folder into one: edge-agent model import SOURCE --out DIR.");
        }
        return new PackageFolder(path, ManifestJson.Read(ReadManifest(file)));
    }

    /// <summary>Every fault of the package's files, in the order of the manifest; empty when it is whole.</summary>
    /// <param name="checkedAlready">A file that the caller holds open through <see cref="OpenVerified"/>.</param>
    public IReadOnlyList<PackageFault> Verify(string? checkedAlready = null)
    {
        var faults = new List<PackageFault>();
        foreach (var file in Manifest.Files.Where(f => f.Name != checkedAlready))
        {
            try
            {
                using var stream = OpenVerified(file.Name);
            }
            catch (PackageException error)
            {
                faults.Add(error.Fault);
            }
        }
        var listed = Manifest.Files.Select(f => f.Name)
            .Append(PackageManifest.FileName).Append(SignatureFileName).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in Directory.EnumerateFileSystemEntries(Path).Order(StringComparer.Ordinal))
        {
            var name = System.IO.Path.GetFileName(entry);
            if (!listed.Contains(name))
            {
                faults.Add(new PackageFault(PackageFaultKind.FileNotListed, name,
                    $"{name}: not listed in {PackageManifest.FileName}"));
            }
        }
        return faults;
    }

    /// <summary>Opens a listed file and checks size and hash through the very handle that it returns.</summary>
    /// <exception cref="PackageException">The file is missing, no regular file, or differs from the
    /// manifest.</exception>
    public FileStream OpenVerified(string name)
    {
        var listed = Manifest.Files.FirstOrDefault(f => f.Name == name)
            ?? throw new PackageException(PackageFaultKind.FileNotListed, name, $"{name}: not listed in the manifest");
        var stream = OpenRegular(listed);
        try
        {
            var actual = Convert.ToHexStringLower(Hash(stream));
            if (actual != listed.Sha256)
            {
                throw new PackageException(PackageFaultKind.HashDiffers, name,
                    $"{name}: SHA-256 is {actual}, the manifest says {listed.Sha256}; the file was changed or damaged");
            }
            stream.Position = 0;
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>All bytes of a listed file, checked like <see cref="OpenVerified"/>.</summary>
    /// <exception cref="PackageException">As <see cref="OpenVerified"/>, or the file is longer than the
    /// limit.</exception>
    public byte[] ReadVerified(string name, int maximumBytes)
    {
        using var stream = OpenVerified(name);
        if (stream.Length > maximumBytes)
        {
            throw new PackageException(PackageFaultKind.SizeDiffers, name,
                $"{name}: {stream.Length} bytes, more than the limit of {maximumBytes}");
        }
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <remarks>The size is compared before opening: a pipe has none, and opening one could wait for ever.</remarks>
    private FileStream OpenRegular(PackageFile listed)
    {
        var name = listed.Name;
        var path = System.IO.Path.Combine(Path, name);
        try
        {
            var info = new FileInfo(path);
            if (info.LinkTarget is not null)
            {
                throw new PackageException(PackageFaultKind.NotARegularFile, name,
                    $"{name}: a link; a package holds regular files only");
            }
            if (info.Length != listed.SizeBytes)
            {
                throw new PackageException(PackageFaultKind.SizeDiffers, name,
                    $"{name}: {info.Length} bytes, the manifest says {listed.SizeBytes}");
            }
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PackageException(PackageFaultKind.FileMissing, name, $"{name}: listed but not there");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PackageException(PackageFaultKind.FileUnreadable, name, $"{name}: {error.Message}");
        }
    }

    private static byte[] Hash(FileStream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[(int)Math.Clamp(stream.Length, 1, HashChunkBytes)];
        int read;
        while ((read = stream.Read(chunk)) > 0)
        {
            hash.AppendData(chunk, 0, read);
        }
        return hash.GetHashAndReset();
    }

    private static byte[] ReadManifest(string file)
    {
        const string name = PackageManifest.FileName;
        try
        {
            // As for the other files; a pipe has no length, and what claims to be empty is no manifest.
            var info = new FileInfo(file);
            if (info.LinkTarget is not null || info.Length == 0)
            {
                throw new PackageException(PackageFaultKind.NotARegularFile, name,
                    $"{name}: a link or empty; a package holds regular files only");
            }
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var bytes = new byte[(int)Math.Min(stream.Length, ManifestJson.MaximumBytes + 1L)];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PackageException(PackageFaultKind.FileUnreadable, name, $"{name}: {error.Message}");
        }
    }
}
