using System.Diagnostics;
using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelPackage;

/// <summary>Every fault of a package's files is found by name, and refuses the package.</summary>
public sealed class PackageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_embedded_package_is_whole() => Assert.Empty(PackageFolder.Open(NanoPackages.Embedded).Verify());

    [Theory]
    [InlineData("model.data")]
    [InlineData("level-3.onnx")]
    [InlineData("tokenizer.json")]
    public void A_flipped_bit_is_found_in_any_file(string name)
    {
        var package = Copy();
        var path = Path.Combine(package, name);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        AssertFault(package, PackageFaultKind.HashDiffers, name, "the file was changed or damaged");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var package = Copy();
        File.Delete(Path.Combine(package, "level-2.onnx"));
        AssertFault(package, PackageFaultKind.FileMissing, "level-2.onnx", "listed but not there");
    }

    [Fact]
    public void A_folder_in_place_of_a_file_is_named()
    {
        var package = Copy();
        File.Delete(Path.Combine(package, "level-2.onnx"));
        Directory.CreateDirectory(Path.Combine(package, "level-2.onnx"));
        AssertFault(package, PackageFaultKind.FileMissing, "level-2.onnx", "not there");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_file_of_another_size_is_named(int more)
    {
        var package = Copy();
        using (var file = File.OpenWrite(Path.Combine(package, "model.data")))
        {
            file.SetLength(file.Length + more);
        }
        AssertFault(package, PackageFaultKind.SizeDiffers, "model.data", "the manifest says 5587968");
    }

    [Fact]
    public void A_file_that_nobody_listed_is_named()
    {
        var package = Copy();
        File.WriteAllText(Path.Combine(package, "extra.so"), "x");
        AssertFault(package, PackageFaultKind.FileNotListed, "extra.so", "not listed");
    }

    [Fact]
    public void A_folder_that_nobody_listed_is_named()
    {
        var package = Copy();
        Directory.CreateDirectory(Path.Combine(package, "more"));
        AssertFault(package, PackageFaultKind.FileNotListed, "more", "not listed");
    }

    [Fact]
    public void A_signature_beside_the_files_is_no_fault()
    {
        var package = Copy();
        File.WriteAllText(Path.Combine(package, PackageFolder.SignatureFileName), "{}");
        Assert.Empty(PackageFolder.Open(package).Verify());
    }

    [Fact]
    public void A_link_is_refused_even_to_the_right_content()
    {
        var package = Copy();
        var path = Path.Combine(package, "model.data");
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.Combine(NanoPackages.Embedded, "model.data"));
        AssertFault(package, PackageFaultKind.NotARegularFile, "model.data", "a link");
    }

    [Fact]
    public void A_pipe_in_place_of_a_file_does_not_block()
    {
        var package = Copy();
        var path = Path.Combine(package, "tokenizer.json");
        File.Delete(path);
        using (var made = Process.Start("mkfifo", [path]))
        {
            made.WaitForExit();
        }
        AssertFault(package, PackageFaultKind.SizeDiffers, "tokenizer.json", "0 bytes");
    }

    [Fact]
    public void A_hash_that_does_not_fit_is_named()
    {
        var package = Copy(manifest => manifest with
        {
            Files = [.. manifest.Files.Select(f => f.Name == "card.md" ? f with { Sha256 = new string('0', 64) } : f)],
        });
        AssertFault(package, PackageFaultKind.HashDiffers, "card.md", "the manifest says 0000");
    }

    [Theory]
    [InlineData("../model.data")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/model.data")]
    public void A_path_that_leaves_its_folder_is_refused_with_the_manifest(string name)
    {
        var package = Copy(manifest => manifest with
        {
            Files = [.. manifest.Files.Select(f => f.Name == "model.data" ? f with { Name = name } : f)],
        });
        var error = Assert.Throws<PackageException>(() => LoadedPackage.Open(package));
        Assert.Equal(PackageFaultKind.ManifestInvalid, error.Fault.Kind);
        Assert.Contains($"files.name is '{name}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_reported_at_once_in_the_order_of_the_manifest()
    {
        var package = Copy();
        File.Delete(Path.Combine(package, "level-1.onnx"));
        File.WriteAllText(Path.Combine(package, "card.md"), "short");
        File.WriteAllText(Path.Combine(package, "zz"), "x");
        Assert.Equal(["level-1.onnx", "card.md", "zz"],
            PackageFolder.Open(package).Verify().Select(fault => fault.File));
    }

    [Fact]
    public void No_folder_and_no_manifest_say_how_to_make_a_package()
    {
        var missing = Assert.Throws<PackageException>(() => PackageFolder.Open(_folder.File("none")));
        Assert.Equal(PackageFaultKind.FolderMissing, missing.Fault.Kind);
        Assert.Contains("model import", missing.Message, StringComparison.Ordinal);
        var empty = Assert.Throws<PackageException>(() => PackageFolder.Open(_folder.Path));
        Assert.Equal(PackageFaultKind.ManifestMissing, empty.Fault.Kind);
        Assert.Contains("model import", empty.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_that_cannot_be_read_as_a_file_is_a_fault_too()
    {
        var package = Copy();
        File.Delete(Path.Combine(package, PackageManifest.FileName));
        File.CreateSymbolicLink(Path.Combine(package, PackageManifest.FileName), "/proc/self/mem");
        var error = Assert.Throws<PackageException>(() => PackageFolder.Open(package));
        Assert.Equal(PackageFaultKind.NotARegularFile, error.Fault.Kind);
    }

    [Fact]
    public void Only_listed_files_within_the_limit_are_read()
    {
        var package = PackageFolder.Open(NanoPackages.Embedded);
        var stray = Assert.Throws<PackageException>(() => package.OpenVerified("../nano/card.md"));
        Assert.Equal(PackageFaultKind.FileNotListed, stray.Fault.Kind);
        var large = Assert.Throws<PackageException>(() => package.ReadVerified("tokenizer.json", 1000));
        Assert.Contains("more than the limit of 1000", large.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertFault(string package, PackageFaultKind kind, string file, string message)
    {
        var fault = Assert.Single(PackageFolder.Open(package).Verify());
        Assert.Equal((kind, file), (fault.Kind, fault.File));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        var error = Assert.Throws<PackageException>(() => LoadedPackage.Open(package));
        Assert.Equal(fault, error.Fault);
    }

    private string Copy(Func<PackageManifest, PackageManifest>? change = null)
    {
        var copy = _folder.CopyOf(NanoPackages.Embedded);
        var path = Path.Combine(copy, PackageManifest.FileName);
        if (change is not null)
        {
            File.WriteAllText(path, ManifestJson.Write(change(ManifestJson.Read(File.ReadAllBytes(path)))));
        }
        return copy;
    }
}
