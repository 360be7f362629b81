namespace EdgeAgent.Hosting;

/// <summary>What ends the agent for a reason that lies outside of its code: logged as one line, exit code 1.</summary>
internal sealed class AgentFailureException(string message, Exception cause) : Exception(message, cause);
