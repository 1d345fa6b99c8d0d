package io.github.sparkfinetune.data.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A template is untrusted code: it must end, stay small, and see only data. */
@Timeout(600)
class ChatTemplateLimitsTest {
    private static final List<Map<String, Object>> MESSAGES = List.of(Map.of("role", "user", "content", "Hi"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% set x = 'x' * 10**7 %}{% for i in range(99999) %}{% if x | length %}{% endif %}{% endfor %}",
                "{% set x = 'x' * 10**7 %}{% for i in range(99999) %}{% if x[9999999] %}{% endif %}{% endfor %}",
                "{% set x = 'x' * 10**7 %}{% for i in range(99999) %}{% if x is lower %}{% endif %}{% endfor %}",
                "{% set x = 'x' * 10**7 %}{{ (x[:5000000] ~ 'y') in x }}",
                "{% set x = 'x' * 10**7 %}{{ x.split(x[:5000000] ~ 'y') | length }}",
                "{% set x = 'x' * 10**7 %}{{ x.rfind('y' ~ x[:5000000]) }}",
                "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x.replace('x', 'xx') %}{% endfor %}",
                "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x | map('string') | join('xx') %}{% endfor %}",
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
                "{% for a in range(99999) if range(99999) | sum < 0 %}{% endfor %}",
                "{% set x = range(99999) | list %}{% for i in x %}{% if x == x[:] %}{% endif %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == ns.x[:] }}",
                "{% set x = 'x' * 10000000 %}{% for i in range(99999) %}{% if x in x ~ 'y' %}{% endif %}{% endfor %}"
            })
    void endsLoops(String source) {
        assertFails(source, "steps: does it loop forever?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ 'x' * 10**9 }}",
                "{{ 'x' * 10**18 }}",
                "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
                "{% set x = 'x' * 10**6 %}{% for i in range(99) %}{{ x }}{% endfor %}",
                "{{ '%s' % ('x' * 10**8) }}",
                "{{ 'x'.center(10**9) }}",
                "{{ 'x' | indent(10**9, true) }}",
                "{{ [1, 2] | tojson(indent=10**9) }}",
                "{% set x = 'x' * 10**7 %}{{ [x, x, x] }}",
                "{% set x = 'x' * 10**7 %}{{ [x, x, x] | tojson }}"
            })
    void keepsTextSmall(String source) {
        assertFails(source, "it makes a text of more than 16000000 characters");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f(n) %}{% if n %}{% for i in [1] %}{{ f(n + 1) | trim }}{% endfor %}{% endif %}{% endmacro %}{{ f(1) }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x | map('string') %}{% endfor %}{{ ns.x | list }}"
            })
    void endsRecursion(String source) {
        assertFails(source, "it is nested more than 500 levels deep: does it recurse forever?");
    }

    @Test
    void refusesDeeplyNestedSource() {
        for (String[] nest : new String[][] {
            {"{{ ", "(", "1", ")", " }}"},
            {"{{ ", "[", "", "]", " }}"},
            {"{{ ", "not ", "1", "", " }}"},
            {"{{ ", "-", "1", "", " }}"},
            {"", "{% if 1 %}", "x", "{% endif %}", ""},
            {"{% set ", "(", "a", ")", " = 1 %}"},
            {"{{ ", "1 if 1 else ", "2", "", " }}"},
            {"{{ ", "{1:", "2", "}", " }}"}
        }) {
            assertFails(nest[0] + nest[1].repeat(20_000) + nest[2] + nest[3].repeat(20_000) + nest[4], "levels deep");
        }
        assertFails("{{ " + "1_1".repeat(100_000) + " }}", "does not fit 64 bits");
        assertFails("{{ 1" + " + 1".repeat(20_000) + " }}", "levels deep");
        assertFails("{{ 'a'" + " | trim".repeat(20_000) + " }}", "levels deep");
        assertFails("{{ ''" + ".strip()".repeat(20_000) + " }}", "levels deep");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ messages.__class__ }}",
                "{{ ''.__class__.__mro__ }}",
                "{{ messages['__class__'] }}",
                "{{ ''['__class__'] }}",
                "{{ '' | attr('__class__') }}",
                "{{ [''] | map(attribute='__class__') | list }}",
                "{{ messages.__init__.__globals__ }}",
                "{{ none.__class__ }}",
                "{{ (1).__class__ }}",
                "{{ messages.__getitem__(0) }}"
            })
    void hidesPythonInternalsOfValues(String source) {
        assertFails(source, "it reaches for '__");
    }

    @Test
    void showsNothingOfJava() {
        for (String name : List.of("getClass", "class", "hashCode", "toString", "size", "stream", "length", "bytes")) {
            assertThat(render("{{ messages." + name + " is defined }} {{ ''." + name + " is defined }} {{ messages['"
                            + name + "'] is defined }} {{ " + name + " is defined }}"))
                    .isEqualTo("False False False False");
        }
        assertFails("{{ range.body }}", "attributes of a Callee ('body') are not supported");
        assertFails("{{ ('a' | safe).text }}", "are not supported");
    }

    @Test
    void refusesValuesThatJsonCannotHold() {
        ChatTemplate template = ChatTemplate.parse("{{ x }}", "t", Map.of());
        assertThatThrownBy(() -> template.render(MESSAGES, false, Map.of("x", new Object())))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("templates see only what JSON can hold");
        List<Object> loop = new ArrayList<>();
        loop.add(loop);
        assertThatThrownBy(() -> template.render(MESSAGES, false, Map.of("x", loop)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("nested more than 100 levels deep");
    }

    @Test
    void leavesTheCallersValuesUnchanged() {
        Map<String, Object> message = new HashMap<>(Map.of("role", "user", "content", "Hi"));
        ChatTemplate template =
                ChatTemplate.parse("{% set messages = messages + [1] %}{{ messages | length }}", "t", Map.of());
        assertThat(template.render(List.of(message), false, Map.of()).text()).isEqualTo("2");
        assertThat(template.render(List.of(message), false, Map.of()).text()).isEqualTo("2");
        assertFails("{{ messages[0].update({'role': 'x'}) }}", "'update' of a dict is not supported");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% include 'x' %}",
                "{% import 'x' as y %}",
                "{% extends 'x' %}",
                "{% block x %}{% endblock %}",
                "{% call f() %}{% endcall %}",
                "{% with x = 1 %}{% endwith %}",
                "{% autoescape true %}{% endautoescape %}",
                "{% for x in [] recursive %}{% endfor %}",
                "{{ 'x' | escape }}",
                "{{ 'x' | urlize }}",
                "{{ [1] | random }}",
                "{{ 'x'.encode() }}",
                "{{ 'x'.translate({}) }}",
                "{{ lipsum() }}",
                "{{ cycler(1) }}",
                "{{ 'x' is escaped }}",
                "{% macro f() %}{{ varargs }}{% endmacro %}",
                "{{ (1).real }}",
                "{{ 2**64 }}",
                "{{ 99999999999999999999 }}",
                "{{ 1e9999999 ~ 1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1 }}",
                "{{ 9223372036854775807 + 1 }}",
                "{{ '{0.x}'.format(1) }}",
                "{{ '%e' % 1.0 }}",
                "{{ '\\N{BULLET}' }}",
                "{{ strftime_now('%U') }}",
                "{{ range }}",
                "{{ [1] | map('string') }}",
                "{{ ('<' | safe) + '>' }}",
                "{% set x %}{% generation %}{% endgeneration %}{% endset %}",
                "{% macro f() %}{% generation %}{% endgeneration %}{% endmacro %}{{ f() }}",
                "{% for i in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}"
            })
    void failsOnUnknownConstructs(String source) {
        assertFails("\n" + source, "chat template t line 2: ");
    }

    @Test
    void errorsAreOneShortLine() {
        ChatTemplate template = ChatTemplate.parse("{{ raise_exception('a\n b\r\n' ~ 'x' * 100000) }}", "t", Map.of());
        assertThatThrownBy(() -> template.render(MESSAGES, false, Map.of()))
                .hasMessageStartingWith("chat template t line 1: the template refuses the conversation: a b x")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(700));
    }

    @Test
    void errorsCommandNoTerminal() {
        ChatTemplate template =
                ChatTemplate.parse("{{ raise_exception('a\u001b]0;title\u0007b\u009bc\u202ed\te') }}", "t", Map.of());
        assertThatThrownBy(() -> template.render(MESSAGES, false, Map.of()))
                .hasMessageStartingWith(
                        "chat template t line 1: the template refuses the conversation: a?]0;title?b?c?d?e");
    }

    @Test
    void tellsTheTime() {
        assertThat(render("{{ strftime_now('%Y') | int > 2024 }}")).isEqualTo("True");
    }

    @Test
    void namesTypesAsPython() {
        assertFails("{{ [1] | map('string') | length }}", "object of type 'generator' has no len()");
        assertFails("{{ (1, 2) + [3] }}", "can only concatenate tuple (not \"list\") to tuple");
        assertFails("{{ range(3) + [3] }}", "unsupported operand type(s) for +: 'range' and 'list'");
    }

    private static String render(String source) {
        return ChatTemplate.parse(source, "t", Map.of())
                .render(MESSAGES, false, Map.of())
                .text();
    }

    /** Asserts a failure with one line, on a thread with half of the usual stack. */
    private static void assertFails(String source, String message) {
        FutureTask<String> task = new FutureTask<>(() -> render(source));
        Thread thread = new Thread(null, task, "small stack", 512 * 1024);
        thread.start();
        assertThatThrownBy(() -> task.get(50, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(message)
                .hasMessageMatching("chat template t line \\d+: .*");
    }
}
