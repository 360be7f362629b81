namespace EdgeAgent.Sensors;

/// <summary>What happened to a sensor.</summary>
internal enum SensorEventKind
{
    /// <summary>A reading that was good can no longer be believed.</summary>
    Lost,

    /// <summary>A lost reading has been good for a while again.</summary>
    Back,

    /// <summary>A reading is no longer there at all: its device was taken away or switched off.</summary>
    Gone,

    /// <summary>A driver has not answered within the time of a snapshot; its last values age.</summary>
    Blocked,

    /// <summary>A source has thrown: a fault of the agent, worth a report.</summary>
    Faulted,
}

/// <summary>One change in what can be believed, to be logged and sent once.</summary>
/// <param name="Name">The reading, or the source for Blocked and Faulted.</param>
/// <param name="Detail">For people: what is wrong and with which file.</param>
internal sealed record SensorEvent(SensorEventKind Kind, string Name, ReadingState State, string Detail, long At);
