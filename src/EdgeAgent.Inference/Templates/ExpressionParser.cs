using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>Parses expressions with Jinja's precedence, from the loosest operator to the tightest.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    private static readonly string[] Comparators = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, with or without <c>if … else</c>.</summary>
    public Expression Parse(bool withCondition = true)
    {
        tokens.Enter();
        var expression = withCondition ? ParseCondition() : ParseLogic(isAnd: false);
        tokens.Leave();
        return expression;
    }

    /// <summary>An expression, or a tuple without brackets.</summary>
    public Expression ParseTuple(bool withCondition = true)
    {
        var first = Parse(withCondition);
        if (!tokens.IsOperator(","))
        {
            return first;
        }
        var items = new List<Expression> { first };
        while (tokens.SkipOperator(",") && !AtTupleEnd())
        {
            items.Add(Parse(withCondition));
        }
        return new ListExpression(items, isTuple: true);
    }

    /// <summary>The names that a loop or a set gives values to.</summary>
    public List<string> ParseTargets(out bool isTuple)
    {
        var bracket = tokens.SkipOperator("(");
        var names = new List<string> { ParseTarget() };
        isTuple = false;
        while (tokens.SkipOperator(","))
        {
            isTuple = true;
            if (tokens.Current.Kind != TokenKind.Name || tokens.IsName("in"))
            {
                break;
            }
            names.Add(ParseTarget());
        }
        if (bracket)
        {
            tokens.ExpectOperator(")");
        }
        return names;
    }

    private string ParseTarget()
    {
        var name = tokens.Expect(TokenKind.Name);
        return name is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw tokens.Fault(TemplateFault.Syntax, $"cannot assign to {name}")
            : name;
    }

    private bool AtTupleEnd() =>
        tokens.Current.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || tokens.IsOperator(")");

    private Expression ParseCondition()
    {
        var expression = ParseLogic(isAnd: false);
        while (tokens.SkipName("if"))
        {
            var condition = ParseLogic(isAnd: false);
            var otherwise = tokens.SkipName("else") ? Parse() : null;
            expression = new ConditionExpression(condition, expression, otherwise);
        }
        return expression;
    }

    private Expression ParseLogic(bool isAnd)
    {
        var left = isAnd ? ParseNot() : ParseLogic(isAnd: true);
        while (tokens.SkipName(isAnd ? "and" : "or"))
        {
            left = new LogicExpression(left, isAnd ? ParseNot() : ParseLogic(isAnd: true), isAnd);
        }
        return left;
    }

    private Expression ParseNot()
    {
        var negations = 0;
        while (tokens.SkipName("not"))
        {
            negations++;
        }
        var expression = ParseCompare();
        if (negations > 0)
        {
            expression = new NotExpression(expression);
        }
        return negations > 0 && negations % 2 == 0 ? new NotExpression(expression) : expression;
    }

    private Expression ParseCompare()
    {
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && Comparators.Contains(tokens.Current.Text))
            {
                rest.Add((tokens.Next().Text, ParseSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.IsName("not") && tokens.Following.Is(TokenKind.Name, "in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first, rest);
            }
        }
    }

    private Expression ParseSum() => ParseBinary(ParseConcat, "+", "-");

    private Expression ParseConcat()
    {
        var first = ParseProduct();
        if (!tokens.IsOperator("~"))
        {
            return first;
        }
        var parts = new List<Expression> { first };
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }
        return new ConcatExpression(parts);
    }

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(withFilter: true), "**");

    private Expression ParseBinary(Func<Expression> operand, params string[] operators)
    {
        var left = operand();
        while (tokens.Current.Kind == TokenKind.Operator && operators.Contains(tokens.Current.Text))
        {
            left = new BinaryExpression(tokens.Next().Text, left, operand());
        }
        return left;
    }

    private Expression ParseUnary(bool withFilter)
    {
        tokens.Enter();
        Expression expression;
        if (tokens.IsOperator("-") || tokens.IsOperator("+"))
        {
            var negative = tokens.Next().Text == "-";
            expression = new SignExpression(ParseUnary(withFilter: false), negative);
        }
        else
        {
            expression = ParsePrimary();
        }
        expression = ParsePostfix(expression);
        expression = withFilter ? ParseFilters(expression) : expression;
        tokens.Leave();
        return expression;
    }

    private Expression ParsePrimary()
    {
        var token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return Constant(token.Text) is { } constant
                    ? new ConstantExpression(constant)
                    : new NameExpression(token.Text);
            case TokenKind.Text:
                var text = new StringBuilder(token.Text);
                while (tokens.Current.Kind == TokenKind.Text)
                {
                    text.Append(tokens.Next().Text);
                }
                return new ConstantExpression(TextValue.OfTemplate(text.ToString()));
            case TokenKind.Integer:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? new ConstantExpression(new IntValue(number))
                    : throw tokens.Fault(TemplateFault.Unsupported, $"the number {token.Text}");
            case TokenKind.Float:
                return new ConstantExpression(
                    new FloatValue(double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                return ParseBrackets();
            case TokenKind.Operator when token.Text == "[":
                return new ListExpression(ParseItems("]", () => Parse()), isTuple: false);
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(ParseItems("}", ParsePair));
            default:
                throw tokens.Fault(TemplateFault.Syntax, $"unexpected {token.Kind} '{token.Text}'");
        }
    }

    private static TemplateValue? Constant(string name) => name switch
    {
        "true" or "True" => BoolValue.True,
        "false" or "False" => BoolValue.False,
        "none" or "None" => NoneValue.Instance,
        _ => null,
    };

    private Expression ParseBrackets()
    {
        if (tokens.SkipOperator(")"))
        {
            return new ListExpression([], isTuple: true);
        }
        var expression = ParseTuple();
        tokens.ExpectOperator(")");
        return expression;
    }

    private (Expression, Expression) ParsePair()
    {
        var key = Parse();
        tokens.ExpectOperator(":");
        return (key, Parse());
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!tokens.SkipOperator(close))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator(close))
                {
                    break;
                }
            }
            items.Add(parse());
        }
        return items;
    }

    private Expression ParsePostfix(Expression expression)
    {
        while (true)
        {
            if (tokens.SkipOperator("."))
            {
                expression = tokens.Current.Kind == TokenKind.Integer
                    ? new ItemExpression(expression, ParsePrimary())
                    : new AttributeExpression(expression, tokens.Expect(TokenKind.Name));
            }
            else if (tokens.SkipOperator("["))
            {
                expression = ParseSubscript(expression);
            }
            else if (tokens.IsOperator("("))
            {
                expression = new CallExpression(expression, ParseArguments());
            }
            else
            {
                return expression;
            }
        }
    }

    private Expression ParseSubscript(Expression target)
    {
        var start = tokens.IsOperator(":") ? null : Parse();
        if (tokens.SkipOperator("]"))
        {
            return new ItemExpression(target, start!);
        }
        if (tokens.IsOperator(","))
        {
            throw tokens.Fault(TemplateFault.Unsupported, "a key of several parts");
        }
        tokens.ExpectOperator(":");
        var stop = tokens.IsOperator(":") || tokens.IsOperator("]") ? null : Parse();
        var step = tokens.SkipOperator(":") && !tokens.IsOperator("]") ? Parse() : null;
        tokens.ExpectOperator("]");
        return new SliceExpression(target, start, stop, step);
    }

    public ArgumentList ParseArguments()
    {
        var (positional, named) = (new List<Expression>(), new List<(string, Expression)>());
        tokens.ExpectOperator("(");
        ParseItems(")", () =>
        {
            if (tokens.IsOperator("*") || tokens.IsOperator("**"))
            {
                throw tokens.Fault(TemplateFault.Unsupported, "a list or dict of arguments (*, **)");
            }
            if (tokens.Current.Kind == TokenKind.Name && tokens.Following.Is(TokenKind.Operator, "="))
            {
                var name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, Parse()));
            }
            else if (named.Count > 0)
            {
                throw tokens.Fault(TemplateFault.Syntax, "an argument without name behind one with");
            }
            else
            {
                positional.Add(Parse());
            }
            return true;
        });
        return new ArgumentList(positional, named);
    }

    private Expression ParseFilters(Expression expression)
    {
        while (true)
        {
            if (tokens.SkipOperator("|"))
            {
                expression = ParseFilter(expression);
            }
            else if (tokens.SkipName("is"))
            {
                expression = ParseTest(expression);
            }
            else if (tokens.IsOperator("("))
            {
                expression = new CallExpression(expression, ParseArguments());
            }
            else
            {
                return expression;
            }
        }
    }

    /// <summary>A filter behind its bar; without operand where a block is filtered.</summary>
    public FilterExpression ParseFilter(Expression? operand)
    {
        var name = tokens.Expect(TokenKind.Name);
        var filter = FilterTable.Find(name)
            ?? throw tokens.Fault(TemplateFault.Unsupported, $"No filter named '{name}'");
        return new FilterExpression(operand, name, filter, tokens.IsOperator("(") ? ParseArguments() : new([], []));
    }

    private TestExpression ParseTest(Expression operand)
    {
        var negated = tokens.SkipName("not");
        var name = tokens.Expect(TokenKind.Name);
        var test = TestTable.Find(name) ?? throw tokens.Fault(TemplateFault.Unsupported, $"No test named '{name}'");
        var arguments = new ArgumentList([], []);
        if (tokens.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (tokens.IsName("is"))
        {
            throw tokens.Fault(TemplateFault.Syntax, "you cannot chain multiple tests with is");
        }
        else if (AtTestArgument())
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        }
        return new TestExpression(operand, name, test, arguments, negated);
    }

    private bool AtTestArgument() => tokens.Current.Kind switch
    {
        TokenKind.Name => tokens.Current.Text is not ("else" or "or" or "and"),
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Operator => tokens.Current.Text is "[" or "{",
        _ => false,
    };
}
