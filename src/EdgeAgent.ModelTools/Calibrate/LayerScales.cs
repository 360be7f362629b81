namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What the channels between two matrices of a layer are divided by before they are rounded.</summary>
/// <param name="Normal">[hidden size]: what attention's norm gives, and QKV takes.</param>
/// <param name="Values">[KV heads × head]: what V gives; the query heads of a group share its scales.</param>
/// <param name="FfnNormal">[hidden size]: what the FFN's norm gives, and gate and up take.</param>
/// <param name="Channels">[FFN]: what up gives, and down takes.</param>
internal sealed record LayerScales(float[] Normal, float[] Values, float[] FfnNormal, float[] Channels);
