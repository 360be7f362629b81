namespace EdgeAgent.Hosting;

/// <summary>What the process tells its caller at its end; a contract with scripts and the unit's Restart=.</summary>
internal static class ExitCodes
{
    /// <summary>The verb did what it was asked to do; a stop on SIGTERM or Ctrl-C counts as done.</summary>
    public const int Done = 0;

    /// <summary>It was tried and failed; systemd starts the service again.</summary>
    public const int Failed = 1;

    /// <summary>The command line cannot be understood; systemd does not start the service again.</summary>
    public const int WrongUsage = 2;

    /// <summary>The configuration is wrong (sysexits' EX_CONFIG); systemd does not start the service again.</summary>
    public const int WrongConfiguration = 78;
}
