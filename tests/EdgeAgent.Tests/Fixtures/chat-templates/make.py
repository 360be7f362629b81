"""Writes snippets.json: small templates with what Python's Jinja2 3.1.6 makes of them, set up as transformers does.

Usage: python3 make.py [random templates] [output file]
"""
import copy
import json
import random
import re
import sys
from pathlib import Path

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 300
OUT = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("snippets.json")


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


ENV = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception

VARIABLES = {
    "s": " Héllo <b>World</b> 👩‍🔧 it's\n\tlow-UP ",
    "e": "",
    "w": "one two  three",
    "n": 7,
    "z": 0,
    "neg": -13,
    "f": 2.5,
    "big": 12345678901234567.0,
    "small": 1.5e-7,
    "t": True,
    "none": None,
    "l": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "mixed": [1, "x", None, True, 2.0, [1], {"k": "v'"}],
    "d": {"b": 1, "a": [1, 2], "name": "x", "items": 5},
    "messages": [
        {"role": "system", "content": "Be  brief. "},
        {"role": "user", "content": "<think>a</think>b"},
        {"role": "assistant", "content": "x</think> y", "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image"}]},
    ],
    "bos_token": "<s>",
}

SNIPPETS = r"""
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 3 ** 2 }} {{ 2 ** -1 }} {{ -2 ** 2 }}
{{ 1.0 }} {{ 1e3 }} {{ 1e16 }} {{ 1e15 }} {{ 0.1 + 0.2 }} {{ 1.5e-5 }} {{ 0.0001 }} {{ big }} {{ small }} {{ 100 / 3 }} {{ 5 / 1 }} {{ -0.0 }}
{{ 7.5 // 2 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }} {{ 1_000 }} {{ 3 - -3 }} {{ +3 }} {{ -n|abs }} {{ neg|abs }}
{{ 'a' 'b' "c" }} {{ 'a' ~ 1 ~ none ~ true ~ 2.0 }} {{ 'ab' * 3 }} {{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }}
{{ 'x\ny\t\'q\' \u00e9 \x41 \101 \\ \q' }} {{ "it's" }} {{ 'say "x"' }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 1 }} {{ none == none }}
{{ 1 in l }} {{ 9 in l }} {{ 'b' in d }} {{ 'll' in s }} {{ 1 not in l }} {{ not 1 in l }} {{ 'x' in ('x', 'y') }}
{{ 1 and 2 }} {{ 0 or 'x' }} {{ not x }} {{ e or none }} {{ none and 1 }} {{ not not 1 }} {{ missing or 'd' }} {{ 1 if t else 2 }} {{ 1 if z }} {{ (1 if z) is defined }}
{{ missing }}|{{ missing is defined }}|{{ missing is none }}|{{ d.missing }}|{{ d['missing'] is undefined }}|{{ none.x }}|{{ l[9] }}|{{ s.nothing }}
{{ l }} {{ mixed }} {{ d }} {{ (1,) }} {{ () }} {{ [] }} {{ {} }} {{ (1, 'a') }} {{ [s] }} {{ [none, true] }}
{{ s[0] }}{{ s[-2] }}{{ s[1:4] }}{{ s[::-1] }}{{ s[-5:] }}{{ s[:-3] }}{{ s[24:28] }}{{ s[::3] }}|{{ l[1:] }}{{ l[:-1] }}{{ l[::-1] }}{{ l[-1] }}{{ l[5:] }}{{ l[-9:2] }}{{ l[::2] }}{{ l[2:0:-1] }}
{{ s|trim }}|{{ s|upper }}|{{ s|lower }}|{{ s|title }}|{{ s|capitalize }}|{{ s|length }}|{{ s|trim|length }}|{{ e|length }}|{{ s|reverse }}
{{ 'xxaxx'|trim('x') }} {{ s|replace('l', 'L') }} {{ s|replace('l', 'L', 1) }} {{ 'a&<>"\''|e }} {{ 5|string + 'x' }} {{ w|list }} {{ w|first }} {{ w|last }}
{{ s.strip() }}|{{ s.upper() }}|{{ s.title() }}|{{ s.capitalize() }}|{{ s.split() }}|{{ w.split(' ') }}|{{ w.split(' ', 1) }}|{{ w.rsplit(' ', 1) }}|{{ 'a,b,,c'.split(',') }}|{{ ''.split() }}|{{ ''.split(',') }}
{{ s.startswith(' H') }} {{ s.endswith(('x', ' ')) }} {{ s.find('World') }} {{ s.find('zz') }} {{ s.rfind('l') }} {{ s.count('l') }} {{ s.replace('H', 'J') }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('x') }} {{ '12'.isdigit() }} {{ ''.isdigit() }} {{ '-'.join(words) }}
{{ 'a\nb\r\nc'.splitlines() }} {{ 'a</think>b</think>c'.split('</think>')[-1] }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'x'.lstrip('x') }} {{ 'axa'.rstrip('a') }} {{ 'Ab'.islower() }} {{ 'AB'.isupper() }}
{{ words|join }} {{ words|join(', ') }} {{ l|join('-') }} {{ messages|map(attribute='role')|join(',') }} {{ mixed|join('|') }} {{ messages|join(',', attribute='role') }}
{{ l|sort }} {{ words|sort }} {{ words|sort(reverse=true) }} {{ words|sort(case_sensitive=true) }} {{ l|reverse|list }} {{ words|unique|list }} {{ l|sum }} {{ l|max }} {{ l|min }} {{ words|max }} {{ []|max }} {{ l|first }} {{ l|last }} {{ []|first }}
{{ d|length }} {{ d.items }} {{ d['items'] }} {{ d.name }} {{ d['name'] }} {{ d.get('a') }} {{ d.get('q') }} {{ d.get('q', 4) }} {{ d.keys()|list }} {{ d.values()|list }} {{ d|dictsort }} {{ d|items|list }} {{ d|list }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in d|items %}{{ loop.index }}{{ k }}{% endfor %}
{{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ messages|rejectattr('role', 'in', ['user', 'system'])|map(attribute='content')|list }} {{ messages|selectattr('tool_calls')|list|length }} {{ messages|selectattr('tool_calls', 'defined')|map(attribute='role')|first }} {{ l|select('odd')|list }} {{ l|reject('gt', 1)|list }} {{ mixed|select|list }} {{ words|map('upper')|list }} {{ l|map('string')|join }}
{{ 5 is odd }} {{ 5 is even }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ s is string }} {{ l is iterable }} {{ d is mapping }} {{ l is sequence }} {{ d is sequence }} {{ n is number }} {{ t is number }} {{ t is boolean }} {{ f is float }} {{ n is integer }} {{ t is integer }} {{ none is none }} {{ t is true }} {{ 1 is true }} {{ z is false }} {{ 'a' is lower }} {{ 'a' is upper }} {{ 3 is eq 3 }} {{ 3 is ne(4) }} {{ 3 is in [1, 3] }} {{ n is not none }} {{ s is not string }} {{ 1 is sameas 1 }} {{ range is callable }} {{ missing is iterable }}
{{ missing|default('x') }} {{ e|default('x') }} {{ e|default('x', true) }} {{ none|default('x') }} {{ none|d('x', boolean=true) }} {{ missing|length }} {{ missing|list }} {{ missing|join(',') }} {{ missing|trim }}
{{ d|tojson }} {{ mixed|tojson }} {{ d|tojson(indent=2) }} {{ s|tojson }} {{ s|tojson(ensure_ascii=true) }} {{ []|tojson(indent=2) }} {{ {}|tojson(indent=4) }} {{ 1.0|tojson }} {{ '\x00\x1f\x7f/"\\'|tojson }} {{ d|tojson(sort_keys=true) }} {{ d|tojson(separators=(',', ':')) }} {{ [[1, [2]], {'a': {}}]|tojson(indent=1) }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb\n\nc'|indent(2, true) }}|{{ 'a\n\nb'|indent(1, blank=true) }}|{{ 'a\n'|indent }}|{{ 'a\nb'|indent('> ') }}|{{ ''|indent }}
{{ '7'|int }} {{ 'x'|int }} {{ 'x'|int(3) }} {{ 7.9|int }} {{ '7.9'|int }} {{ -7.9|int }} {{ '2.5'|float }} {{ 'q'|float }} {{ 2|float }} {{ none|int }} {{ 2.567|round }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 2.1|round(0, 'ceil') }} {{ 7|round }} {{ t|int }}
{{ '%s is %d and %.2f %%'|format('a', 3, 2.5) }} {{ '%s' % 'x' }} {{ '%s-%s' % ('a', 1) }} {{ '%r' % 'a' }}
{% set a = 1 %}{% for i in [1, 2] %}{% set a = a + i %}{{ a }}{% endfor %}{{ a }}
{% set ns = namespace(a=1, b='x') %}{% for i in [1, 2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d2) = [3, 4] %}{{ c }}{{ d2 }}{% set t2 = 1, 2 %}{{ t2 }}
{% set x %}  a {{ n }} {% endset %}[{{ x }}]{% set y | upper %}abc{% endset %}{{ y }}{{ x is string }}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ',' if not loop.last }}{% else %}none{% endfor %}{% for i in [] %}x{% else %}empty{% endfor %}{% for i in l if i > 9 %}x{% else %}filtered{% endfor %}
{% for i in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }}{{ loop.changed(i > 1) }} {% endfor %}
{% for i in l %}{% for j in w %}{% if loop.first %}{{ loop.depth }}{{ loop.length }}{% endif %}{% endfor %}{{ loop.index }}{% endfor %}
{% for c in 'aé👩' %}[{{ c }}]{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }}{% endfor %}
{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(1, c='y') }}|{{ m() }}|{{ m(a=5) }}|{{ m(1)|upper }}|{{ m(1) is string }}
{% set g = 'before' %}{% macro m() %}{{ g }}{% endmacro %}{% set g = 'after' %}{{ m() }}{% macro r(k) %}{{ k }}{% if k > 0 %}{{ r(k - 1) }}{% endif %}{% endmacro %}{{ r(3) }}
{% macro box(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call box('b') %}in{{ n }}{% endcall %}{% macro each(x) %}{% for i in x %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) each(l) %}({{ i }}){% endcall %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}{% filter upper %}abc {{ s }}{% endfilter %}{% generation %}g{{ n }}{% endgeneration %}
{% if z %}a{% elif n %}b{% else %}c{% endif %}{% if not z and n > 3 or missing %}x{% endif %}{% if s is string and 'x' not in s %}y{% endif %}
{% raw %}{{ x }} {% if %}{% endraw %}|{# comment {{ x }} #}|{{ '{{' }}|{{ "%}" }}
{{ range(3)|list }} {{ range(1, 7, 2)|list }} {{ range(3, 0, -1)|list }} {{ range(0)|list }} {{ dict(a=1, b=2) }} {{ {'a': 1}.a }} {{ {1: 'x'}[1] }} {{ [[1, 2], [3]][0][1] }} {{ l.index(1) }} {{ l.count(3) }} {{ messages[0].role }} {{ messages[-1]['content'][0].text }} {{ messages[2].tool_calls[0].function.arguments|tojson }}
{{ bos_token + messages[0]['role'] ~ '\n' + messages[0].content|trim + n|string }}
{{ 1.5|string ~ 2|string }} {{ (1, 2)|join('+') }} {{ 'abc'|list|join(',') }} {{ [1, [2, 3]]|length }} {{ 'a' if 'a' in 'abc' and 'z' not in 'abc' else 'b' }} {{ ('a' ~ 'b')|upper }} {{ 'a' ~ 'b'|upper }} {{ -1|abs }} {{ 3 - 1|abs }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ 'a' + [1] }}
{{ 'a' + missing }}
{{ missing.x }}
{{ missing['x'] }}
{{ missing() }}
{{ n() }}
{{ none[0] }}{{ none + 1 }}
{{ 1 < 'a' }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ n|length }}
{{ 1 in n }}
{{ 1 in 'abc' }}
{% for x in n %}{% endfor %}
{% for x in none %}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{{ raise_exception('no: ' ~ n) }}
{{ l.append(4) }}
{{ d.update({'x': 1}) }}
{{ d|tojson(indent=2)|indent(4) }}{{ missing|tojson }}
{{ s.__class__ }}
{{ ''.__class__.__mro__ }}
{{ s.format(1) }}
{% set n.x = 1 %}
{{ [1, 2
{{ 1 +
{% if %}
{% for x in l %}
{% endfor %}
{{ 'a' | nofilter }}
{{ 1 is notest }}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{{ 'unterminated }}
{{ a..b }}
{{ (1 }}
{{ 1 ] }}
{# never
{% raw %} never
{{ f(1, a=2, 3) }}
{% set true = 1 %}
{% break %}
{% unknown %}
""".strip("\n").split("\n")


def blocks(chance):
    """A template about white space and signs."""
    pieces = ["{{ n }}", "{{- n }}", "{{ n -}}", "{{- s -}}", "{% if t %}", "{%- if t %}", "{% if t -%}", "{%- if z -%}",
              "{%+ if t %}", "{% if t +%}", "{# c #}", "{#- c #}", "{# c -#}", "{#+ c +#}", "{% set q = 1 %}", "{%- set q = 1 -%}",
              "{% for i in l %}", "{%- for i in l -%}", "{% raw %} {{ x }} {% endraw %}", "{%- raw -%} {{ x }} {%- endraw -%}",
              "\n{% raw %}\n a\n {% endraw %}\n"]
    gaps = ["", " ", "\n", "  \n", "\n  ", "a", "a ", " a\n", "\n\n", "\t", "\r\n", " \n \n ", "é"]
    text, open_tags = "", []
    for _ in range(chance.randint(1, 9)):
        text += chance.choice(gaps)
        if open_tags and chance.random() < 0.4:
            sign = chance.choice(["", "", "-", "+"])
            text += "{%" + sign + " end" + open_tags.pop() + " " + chance.choice(["", "", "-", "+"]) + "%}"
            continue
        piece = chance.choice(pieces)
        for tag in ("if", "for"):
            if f" {tag} " in piece:
                open_tags.append(tag)
        text += piece
    while open_tags:
        text += chance.choice(gaps) + "{% end" + open_tags.pop() + " %}"
    return text + chance.choice(gaps)


ATOMS = ["n", "z", "neg", "f", "s", "e", "w", "t", "none", "l", "words", "d", "mixed", "missing", "1", "2", "-3", "2.5", "'ab'", "' x '",
         "[1, 2]", "['a']", "{'k': 1}", "(1, 2)", "messages", "messages[0]", "messages[1].content", "d.a", "l[0]", "s[2:9]"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">=", "and", "or", "in", "not in"]
FILTERS = ["trim", "upper", "lower", "length", "first", "last", "list", "string", "int", "float", "default('q')", "join(',')", "tojson",
           "reverse|list", "sort", "abs", "title", "capitalize", "replace('a', 'bb')", "unique|list", "map('string')|list", "round(1)", "items|list",
           "indent", "select|list", "sum", "max", "d('q', true)", "dictsort"]
TESTS = ["defined", "none", "string", "mapping", "number", "iterable", "sequence", "boolean", "odd", "true", "integer", "not none", "not defined", "eq 1", "in [1, 'a']"]
METHODS = [".strip()", ".split()", ".upper()", ".get('a')", "[0]", "[-1]", "[1:]", "[::-1]", "['a']", ".a", ".role", ".startswith('a')", ".split('l')"]


def expression(chance, depth=0):
    kind = chance.random()
    if depth > 3 or kind < 0.25:
        return chance.choice(ATOMS)
    inner = expression(chance, depth + 1)
    if kind < 0.5:
        return f"{inner} {chance.choice(BINARY)} {expression(chance, depth + 1)}"
    if kind < 0.65:
        return f"{inner}|{chance.choice(FILTERS)}"
    if kind < 0.75:
        return f"({inner}){chance.choice(METHODS)}"
    if kind < 0.83:
        return f"{inner} is {chance.choice(TESTS)}"
    if kind < 0.9:
        return f"{inner} if {expression(chance, depth + 1)} else {expression(chance, depth + 1)}"
    return f"({inner})" if kind < 0.95 else f"not {inner}"


def case(template):
    try:
        return {"template": template, "output": ENV.from_string(template).render(**copy.deepcopy(VARIABLES))}
    except Exception as error:  # noqa: BLE001: whatever it is, rendering fails there
        return {"template": template, "error": f"{type(error).__name__}: {error}"}


chance = random.Random(4711)
cases = [case(snippet) for snippet in SNIPPETS]
cases += [case(blocks(chance)) for _ in range(COUNT)]
cases += [case("{{ " + expression(chance) + " }}") for _ in range(COUNT)]
cases = [c for c in cases if "0x" not in c.get("output", "") and "generator" not in c.get("output", "")]
# Jinja folds slices of constants, and then forgives what it does not forgive of variables.
cases = [c for c in cases if "output" not in c or not re.search(r"\)\[(1:|::-1)\]", c["template"])]
OUT.write_text(json.dumps({"variables": VARIABLES, "cases": cases}, ensure_ascii=False), encoding="utf-8")
print(len(cases), sum("error" in c for c in cases))
