namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Parameters: what the deployment tool asks for, generates or encodes.</summary>
internal sealed partial class ManifestWriter
{
    private void WriteParameter(ParameterResource parameter)
    {
        json.WriteString("type", "parameter.v0");
        json.WriteString("value", $"{{{parameter.Name}.inputs.value}}");
        json.WriteStartObject("inputs");
        json.WriteStartObject("value");
        json.WriteString("type", "string");
        if (parameter.Secret)
        {
            json.WriteBoolean("secret", true);
        }

        WriteDefault(parameter.Default);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteDefault(ParameterDefault? value)
    {
        switch (value)
        {
            case ConstantParameterDefault constant:
                json.WriteStartObject("default");
                json.WriteString("value", constant.GetDefaultValue());
                json.WriteEndObject();
                break;
            case GenerateParameterDefault generate:
                json.WriteStartObject("default");
                json.WriteStartObject("generate");
                json.WriteNumber("minLength", generate.MinLength);
                WriteUnlessTrue("lower", generate.Lower);
                WriteUnlessTrue("upper", generate.Upper);
                WriteUnlessTrue("numeric", generate.Numeric);
                WriteUnlessTrue("special", generate.Special);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
        }
    }

    private void WriteUnlessTrue(string name, bool value)
    {
        if (!value)
        {
            json.WriteBoolean(name, value);
        }
    }

    /// <summary>A parameter as it has to be written in an URI; the deployment tool escapes it.</summary>
    private void WriteEncoded(ParameterResource parameter)
    {
        json.WriteStartObject($"{parameter.Name}-uri-encoded");
        json.WriteString("type", "annotated.string");
        json.WriteString("value", parameter.ValueExpression);
        json.WriteString("filter", "uri");
        json.WriteEndObject();
    }
}
