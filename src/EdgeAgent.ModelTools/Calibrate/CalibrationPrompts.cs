namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Openings and questions of ours, from which a model samples its calibration text.</summary>
/// <remarks>Half of them are about machines and inspection, half about everything else that a text can be.</remarks>
public static class CalibrationPrompts
{
    /// <summary>All of them as one text.</summary>
    public static string Text => string.Join("\n\n", Openings.Zip(Questions, (a, b) => $"{a}\n\n{b}"));

    /// <summary>First words of prose that the model goes on with.</summary>
    internal static readonly string[] Openings =
    [
        "The harbour town was quiet when the ferry came in, and",
        "Water expands when it freezes, which is why",
        "In order to replace the filter, first switch the pump off and",
        "A list is an ordered collection of values. In most languages",
        "The committee met on Thursday to discuss the budget for",
        "Photosynthesis is the process by which",
        "My grandmother kept a notebook in which she wrote",
        "The bearing temperature rose by twelve degrees within an hour, so the operator",
        "Compared with the year before, sales in the northern region",
        "If a function calls itself, it must have a case that",
        "The empire reached its greatest extent under",
        "To bake a simple bread you need flour, water, salt and",
        "Safety instructions: before any work on the conveyor,",
        "The theorem says that for every continuous function",
        "She opened the letter, read the first line, and",
        "Memory that is no longer used has to be given back, because",
    ];

    /// <summary>Questions that the model answers in its chat format.</summary>
    internal static readonly string[] Questions =
    [
        "Explain in a few sentences how an electric motor works.",
        "The vibration sensor on motor 3 reads 7.1 mm/s. The limit is 4.5 mm/s. What should be done?",
        "Write a short story about a lighthouse keeper.",
        "What is the difference between weather and climate?",
        "Summarize the rules for storing flammable liquids in a workshop.",
        "Write a Python function that returns the median of a list and explain it.",
        "A bottle on the line has a crooked label. Is it a defect? Answer with a reason.",
        "Give me a plan for a week of healthy dinners.",
        "Who was Ada Lovelace and why is she remembered?",
        "The pressure in the tank falls slowly at night. List possible causes.",
        "Describe how to calibrate a scale with reference weights.",
        "Translate into French: The machine stops when the door is open.",
        "What are the advantages and disadvantages of nuclear power?",
        "Write an e-mail to a supplier about a late delivery of gaskets.",
        "How do I stay calm before an exam?",
        "Classify these readings as normal or alarm: 21.4, 22.0, 21.8, 35.9, 21.7. Explain.",
    ];
}
