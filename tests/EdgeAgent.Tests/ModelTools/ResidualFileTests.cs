using EdgeAgent.ModelTools.Calibrate;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Windows of a text come back from their file as they were put there, and nothing is left of it.</summary>
public sealed class ResidualFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_window_is_what_was_set_last_and_its_neighbours_stay()
    {
        using var file = new ResidualFile(_folder.Path, [[1, 2, 3], [4], [5, float.NaN]]);
        Assert.Equal(3, file.Count);
        file[1] = [-0.5f];
        Assert.Equal([1, 2, 3], file[0]);
        Assert.Equal([-0.5f], file[1]);
        Assert.Equal([5, float.NaN], file[2]);
    }

    [Fact]
    public void A_window_of_another_length_is_refused()
    {
        using var file = new ResidualFile(_folder.Path, [[1, 2, 3], [4]]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file[0] = [1, 2, 3, 4]);
        Assert.Equal([4], file[1]);
    }

    [Fact]
    public void The_folder_shows_nothing_of_it_while_it_is_in_use()
    {
        using var file = new ResidualFile(_folder.Path, [[1]]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }
}
