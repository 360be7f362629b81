using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EdgeAgent.EndToEnd;

/// <summary>A publisher who makes every mistake: <c>run</c> never says READY, and says why in one line.</summary>
public sealed class BrokenPackageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-broken").FullName;

    private string Package => Path.Combine(_folder, "package");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public Task A_flipped_bit_in_the_weights_is_found(double place) => RefusedAsync("model.data: SHA-256", () =>
    {
        var path = Path.Combine(Package, "model.data");
        var bytes = File.ReadAllBytes(path);
        bytes[(int)(place * (bytes.Length - 1))] ^= 1;
        File.WriteAllBytes(path, bytes);
    });

    [Theory]
    [InlineData("model.data")]
    [InlineData("level-3.onnx")]
    [InlineData("tokenizer.json")]
    public Task A_missing_file_is_named(string file) =>
        RefusedAsync($"{file}: listed but not there", () => File.Delete(Path.Combine(Package, file)));

    [Theory]
    [InlineData("../model.data")]
    [InlineData("/etc/hostname")]
    [InlineData("a/model.data")]
    public Task A_path_that_leaves_its_folder_is_refused(string name) => RefusedAsync("stays in the package's folder",
        () => EditManifest(manifest => FileOf(manifest, "model.data")["name"] = name));

    [Fact]
    public Task A_wrong_hash_is_refused() => RefusedAsync("level-0.onnx: SHA-256", () =>
        EditManifest(manifest => FileOf(manifest, "level-0.onnx")["sha256"] = new string('0', 64)));

    [Fact]
    public Task A_truncated_graph_is_refused_where_only_its_size_and_hash_were_put_right() =>
        RefusedAsync("level-0.onnx", () =>
            PutRight("level-0.onnx", File.ReadAllBytes(Path.Combine(Package, "level-0.onnx"))[..2000]));

    [Fact]
    public Task A_chat_template_that_cannot_be_read_is_refused() =>
        RefusedAsync("endfor", () => PutRight("chat_template.jinja", "{% for x in y %}"u8.ToArray()));

    [Fact]
    public Task A_truncated_graph_is_refused() => RefusedAsync("level-0.onnx: 100 bytes", () =>
    {
        using var file = File.OpenWrite(Path.Combine(Package, "level-0.onnx"));
        file.SetLength(100);
    });

    [Fact]
    public Task A_link_out_of_the_package_is_refused() => RefusedAsync("model.data: a link", () =>
    {
        var path = Path.Combine(Package, "model.data");
        File.Move(path, Path.Combine(_folder, "elsewhere"));
        File.CreateSymbolicLink(path, Path.Combine(_folder, "elsewhere"));
    });

    [Fact]
    public Task A_manifest_that_is_no_json_is_refused() =>
        RefusedAsync("manifest.json", () => File.WriteAllText(Path.Combine(Package, "manifest.json"), "{"));

    [Fact]
    public Task A_folder_that_is_no_package_is_refused() =>
        RefusedAsync("There is no model package", () => Directory.Delete(Package, recursive: true));

    [Fact]
    public async Task A_password_file_that_is_not_there_is_named_in_one_line()
    {
        await using var agent = await AgentProcess.StartAsync(_folder,
            new() { ["EDGEAGENT_MQTT_USERNAME"] = "u", ["EDGEAGENT_MQTT_PASSWORD_FILE"] = "/nonexistent" },
            "--mqtt", "mqtt://127.0.0.1:1");

        Assert.Equal(1, await agent.ExitAsync());
        Assert.Contains("mqtt.password_file", Assert.Single(agent.Events("failed")), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", agent.Log(), StringComparison.Ordinal);
    }

    private async Task RefusedAsync(string reason, Action damage)
    {
        await CopyAsync();
        damage();
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        var notify = Path.Combine(_folder, "notify");
        systemd.Bind(new UnixDomainSocketEndPoint(notify));

        await using var agent = await AgentProcess.StartAsync(_folder, new() { ["NOTIFY_SOCKET"] = notify },
            "--mqtt", "mqtt://127.0.0.1:1", "--model", Package);

        Assert.Equal(1, await agent.ExitAsync());
        Assert.DoesNotContain("READY=1", Notices(systemd));
        var faults = agent.Log().Split('\n').Where(line => line.Contains(reason, StringComparison.Ordinal)).ToList();
        Assert.True(faults.Count == 1, agent.Log());
        Assert.DoesNotContain("   at ", agent.Log(), StringComparison.Ordinal);
        var others = agent.Log().Replace(faults[0], "", StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\"", others, StringComparison.Ordinal);
        Assert.True(faults[0].Length < 1000, faults[0]);
    }

    private static List<string> Notices(Socket systemd)
    {
        var notices = new List<string>();
        var buffer = new byte[4096];
        while (systemd.Poll(0, SelectMode.SelectRead))
        {
            notices.AddRange(System.Text.Encoding.UTF8.GetString(buffer, 0, systemd.Receive(buffer)).Split('\n'));
        }
        return notices;
    }

    private async Task CopyAsync()
    {
        Directory.CreateDirectory(Package);
        var nano = Path.Combine(await PublishedAgent.FolderAsync(), "models-lite", "nano");
        foreach (var file in Directory.GetFiles(nano))
        {
            File.Copy(file, Path.Combine(Package, Path.GetFileName(file)));
        }
    }

    /// <summary>Replaces a file and makes size and hash of the manifest fit it.</summary>
    private void PutRight(string name, byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(Package, name), bytes);
        EditManifest(manifest =>
        {
            FileOf(manifest, name)["size_bytes"] = bytes.Length;
            FileOf(manifest, name)["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes));
        });
    }

    private void EditManifest(Action<JsonNode> edit)
    {
        var path = Path.Combine(Package, "manifest.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        edit(manifest);
        File.WriteAllText(path, manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static JsonNode FileOf(JsonNode manifest, string name) =>
        manifest["files"]!.AsArray().First(file => file!["name"]!.GetValue<string>() == name)!;
}
