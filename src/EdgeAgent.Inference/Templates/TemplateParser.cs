namespace EdgeAgent.Inference.Templates;

/// <summary>Parses the statements of a template; what chat templates do not need is refused by name.</summary>
internal sealed class TemplateParser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TokenStream tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
    }

    /// <summary>The statements of a whole template.</summary>
    public static List<Statement> Parse(string source)
    {
        if (source.Length > TemplateLimits.SourceLength)
        {
            throw new TemplateException(
                TemplateFault.LimitExceeded,
                $"The chat template has {source.Length} characters; the limit is {TemplateLimits.SourceLength}.");
        }
        return new TemplateParser(new TokenStream(TemplateLexer.Tokenize(source))).ParseBody();
    }

    /// <summary>Statements up to a tag of one of these names, whose name is the next token; or to the end.</summary>
    private List<Statement> ParseBody(params string[] endNames)
    {
        _tokens.Enter();
        var body = new List<Statement>();
        while (true)
        {
            var token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new LiteralStatement(token.Text));
                    break;
                case TokenKind.VariableBegin:
                    body.Add(new PrintStatement(_expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.VariableEnd);
                    break;
                case TokenKind.BlockBegin when endNames.Contains(_tokens.Current.Text):
                    _tokens.Leave();
                    return body;
                case TokenKind.BlockBegin:
                    body.Add(ParseStatement(_tokens.Expect(TokenKind.Name)));
                    _tokens.Expect(TokenKind.BlockEnd);
                    break;
                case TokenKind.End when endNames.Length == 0:
                    _tokens.Leave();
                    return body;
                default:
                    throw _tokens.Fault(TemplateFault.Syntax, $"expected {string.Join(" or ", endNames)}");
            }
        }
    }

    private Statement ParseStatement(string name) => name switch
    {
        "for" => ParseFor(),
        "if" => ParseIf(),
        "set" => ParseSet(),
        "macro" => ParseMacro(),
        "call" => ParseCall(),
        "filter" => ParseFilter(),
        "with" => ParseWith(),
        "generation" => new WithStatement([], ParseBlock("endgeneration")),
        "break" => ParseLeave(Flow.Break),
        "continue" => ParseLeave(Flow.Continue),
        _ => throw _tokens.Fault(TemplateFault.Unsupported, $"unknown tag '{name}'"),
    };

    /// <summary>The rest of the opening tag's end, a body, and the name of the closing tag.</summary>
    private List<Statement> ParseBlock(string endName)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        var body = ParseBody(endName);
        _tokens.Next();
        return body;
    }

    private LoopStatement ParseFor()
    {
        var names = _expressions.ParseTargets(out var isTuple);
        if (!_tokens.SkipName("in"))
        {
            throw _tokens.Fault(TemplateFault.Syntax, "expected in");
        }
        var source = _expressions.ParseTuple(withCondition: false);
        var condition = _tokens.SkipName("if") ? _expressions.Parse() : null;
        if (_tokens.IsName("recursive"))
        {
            throw _tokens.Fault(TemplateFault.Unsupported, "a recursive loop");
        }
        _tokens.Expect(TokenKind.BlockEnd);
        _loops++;
        var body = ParseBody("endfor", "else");
        _loops--;
        var otherwise = _tokens.Next().Text == "else" ? ParseBlock("endfor") : [];
        return new LoopStatement(names, isTuple, source, condition, body, otherwise);
    }

    private IfStatement ParseIf()
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        List<Statement> otherwise = [];
        string end;
        do
        {
            var condition = _expressions.ParseTuple(withCondition: false);
            _tokens.Expect(TokenKind.BlockEnd);
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            end = _tokens.Next().Text;
        }
        while (end == "elif");
        if (end == "else")
        {
            otherwise = ParseBlock("endif");
        }
        return new IfStatement(branches, otherwise);
    }

    private Statement ParseSet()
    {
        if (_tokens.Following.Is(TokenKind.Operator, "."))
        {
            var name = _tokens.Expect(TokenKind.Name);
            _tokens.Next();
            var field = _tokens.Expect(TokenKind.Name);
            _tokens.ExpectOperator("=");
            return new SetFieldStatement(name, field, _expressions.ParseTuple());
        }
        var names = _expressions.ParseTargets(out var isTuple);
        if (_tokens.SkipOperator("="))
        {
            return new SetStatement(names, isTuple, _expressions.ParseTuple());
        }
        if (isTuple)
        {
            throw _tokens.Fault(TemplateFault.Unsupported, "a block for several names");
        }
        var filter = _tokens.SkipOperator("|") ? _expressions.ParseFilter(operand: null) : null;
        return new SetBlockStatement(names[0], filter, OutsideLoops(() => ParseBlock("endset")));
    }

    private MacroStatement ParseMacro()
    {
        var name = _tokens.Expect(TokenKind.Name);
        var parameters = ParseParameters();
        return new MacroStatement(new Macro(name, parameters, OutsideLoops(() => ParseBlock("endmacro"))));
    }

    private CallStatement ParseCall()
    {
        var parameters = _tokens.IsOperator("(") ? ParseParameters() : [];
        var target = new NameExpression(_tokens.Expect(TokenKind.Name));
        var arguments = _expressions.ParseArguments();
        return new CallStatement(
            target, arguments, new Macro("caller", parameters, OutsideLoops(() => ParseBlock("endcall"))));
    }

    private List<(string, Expression?)> ParseParameters()
    {
        var parameters = new List<(string, Expression?)>();
        _tokens.ExpectOperator("(");
        while (!_tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }
            var name = _tokens.Expect(TokenKind.Name);
            parameters.Add((name, _tokens.SkipOperator("=") ? _expressions.Parse() : null));
        }
        return parameters;
    }

    private FilterBlockStatement ParseFilter()
    {
        var filter = _expressions.ParseFilter(operand: null);
        return new FilterBlockStatement(filter, OutsideLoops(() => ParseBlock("endfilter")));
    }

    private WithStatement ParseWith()
    {
        var names = new List<(string, Expression)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (names.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }
            var name = _tokens.Expect(TokenKind.Name);
            _tokens.ExpectOperator("=");
            names.Add((name, _expressions.Parse()));
        }
        return new WithStatement(names, ParseBlock("endwith"));
    }

    private LeaveStatement ParseLeave(Flow flow) => _loops > 0
        ? new LeaveStatement(flow)
        : throw _tokens.Fault(TemplateFault.Syntax, "break or continue outside of a loop");

    // A body that writes into a text of its own cannot end the loop around it.
    private List<Statement> OutsideLoops(Func<List<Statement>> parse)
    {
        var loops = _loops;
        _loops = 0;
        var body = parse();
        _loops = loops;
        return body;
    }
}
