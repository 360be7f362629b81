namespace EdgeAgent.Simulation;

/// <summary>The boards that can be simulated, each constant with its source in brackets.</summary>
/// <remarks>Sources and fits: docs/decisions/0006-board-model.md.</remarks>
internal static class Boards
{
    /// <summary>Raspberry Pi 5 as it comes: no heatsink, no fan.</summary>
    public static BoardModel Pi5 { get; } = new()
    {
        Name = "pi5",
        Description = "Raspberry Pi 5, bare board without heatsink or fan",
        IdleWatts = 2.05,                        // [L3] P_idle_W 2.046
        BesideSocWatts = 1.46,                   // [L3] 6.66 W less 4.92 W of cores and 0.28 W of DRAM
        Clocks =                                 // [L5] PMIC while llama.cpp decodes on 4 threads
        [
            new(1.5e9, 4.34), new(1.8e9, 5.07), new(2.1e9, 5.93), new(2.4e9, 6.68),
        ],
        SocResistance = 2.5,                     // fitted: [IDLE] 50 °C idle, [E518] under control at 1.5 GHz
        AirResistance = 12.4,                    // fitted: the same
        SocCapacity = 6,                         // fitted: [E518] seconds from 77 to 83 °C
        BoardCapacity = 45,                      // 46 g at 0.9 J/gK and copper; throttles after 224 s, [BIRD] 200–300 s
        BytesPerSecond = 15.2e9,                 // fitted: [L5] seconds per token = 26.2 ms + 26.8e6 / clock
        CyclesPerByte = 0.0673,                  // fitted: the same, 398 MB
        Kernel = new(80, 85, 0.6e9, Stepwise: false), // [RPI] 80 and 85 °C; [L1337] below the minimum above 85 °C
    };

    /// <summary>Raspberry Pi 5 in a passive aluminium case.</summary>
    public static BoardModel Pi5Case { get; } = Pi5 with
    {
        Name = "pi5-case",
        Description = "Raspberry Pi 5 in a passive aluminium case, no fan",
        SocResistance = 1.5,                     // fitted: [P573] 63 °C after half an hour of stress, 21 °C room
        AirResistance = 5.1,                     // fitted: the same
        BoardCapacity = 250,                     // about 230 g of aluminium and the board
    };

    /// <summary>Raspberry Pi 4 as it comes.</summary>
    public static BoardModel Pi4 { get; } = new()
    {
        Name = "pi4",
        Description = "Raspberry Pi 4 B, bare board without heatsink or fan",
        IdleWatts = 2.3,                         // [CHIP] 2.2–2.3 W idle
        BesideSocWatts = 1.5,                    // assumed as on the Pi 5
        Clocks =
        [
            new(0.6e9, 3.05), new(0.75e9, 3.3), new(1.0e9, 3.8), new(1.5e9, 5.25), // [RPI] steps; [CHIP] 5.1–5.4 W
        ],
        SocResistance = 4,                       // fitted: [PLATES] 66 °C on the package while the die was at 80 °C
        AirResistance = 9.5,                     // fitted: [PLATES] 54.7 °C idle at 27.3 °C
        SocCapacity = 6,
        BoardCapacity = 45,
        BytesPerSecond = 4e9,                    // assumed; no figure of this board is compared with another's
        CyclesPerByte = 0.12,                    // assumed
        Kernel = new(80, 85, 0.6e9, Stepwise: false), // [RPI]; [D2546] bit 3 at 82 °C
    };

    /// <summary>Jetson Orin Nano 8 GB in its 7 W mode on a passive heatsink.</summary>
    public static BoardModel OrinNano { get; } = new()
    {
        Name = "orin-nano",
        Description = "Jetson Orin Nano 8 GB at 7 W (4 cores), passive heatsink, no fan",
        IdleWatts = 2.9,                         // [SALTY] SoC subtotal idle
        BesideSocWatts = 0.5,                    // assumed: the heatsink sits on the module
        Clocks = [new(0.7296e9, 5.55), new(1.1264e9, 7.0)], // [ORIN7] 4 cores, 1,126 MHz, 7 W; [OPP] lowest
        SocResistance = 1.0,                     // assumed: bare die on a heatsink
        AirResistance = 6.9,                     // fitted: [FANLESS] 90 °C with 7 W at 35 °C
        SocCapacity = 10,
        BoardCapacity = 180,                     // about 200 g of aluminium
        BytesPerSecond = 54e9,                   // [SPEC] 68 GB/s, of which 80 %
        CyclesPerByte = 0.0673,                  // as on the Pi 5: A78AE and A76 issue alike
        Kernel = new(99, 104.5, 0.7296e9, Stepwise: true), // [DTS] passive 99 °C, polled every second
    };

    public static IReadOnlyList<BoardModel> All { get; } = [Pi4, Pi5, Pi5Case, OrinNano];

    /// <summary>The board of this name, or null.</summary>
    public static BoardModel? Find(string name) => All.FirstOrDefault(board => board.Name == name);
}
