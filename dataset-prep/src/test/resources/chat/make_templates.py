"""Writes templates.json: templates in the styles of published models and snippets for single constructs, each rendered
by transformers. Run where transformers and jinja2 are installed: python make_templates.py > templates.json"""

import json

from transformers.utils.chat_template_utils import _compile_jinja_template, _render_with_assistant_indices

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}

TEMPLATES = {
    "llama2": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama3": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message goes into a slot of its own. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "You have access to the following functions." }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {{- "Given the following functions, please respond with a JSON.\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' ~ arg_val ~ '"' }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- endif %}
                {%- endfor %}
            {{- ")" }}
        {%- else  %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
            {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "qwen2.5": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\nYou may call one or more functions.\\n\\nFunction signatures are within <tools></tools> XML tags:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n\\nReturn a json object:\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen3": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\\n' }}
                {%- endif %}
                {%- if tool_call.function %}
                    {%- set tool_call = tool_call.function %}
                {%- endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "qwen3-coder": """{% macro render_item_list(item_list, tag_name='required') %}
    {%- if item_list is defined and item_list is iterable and item_list | length > 0 %}
        {%- if tag_name %}{{- '\\n<' ~ tag_name ~ '>' -}}{% endif %}
            {{- '[' }}
                {%- for item in item_list -%}
                    {%- if loop.index > 1 %}{{- ", "}}{% endif -%}
                    {%- if item is string -%}
                        {{ "`" ~ item ~ "`" }}
                    {%- else -%}
                        {{ item }}
                    {%- endif -%}
                {%- endfor -%}
            {{- ']' }}
        {%- if tag_name %}{{- '</' ~ tag_name ~ '>' -}}{% endif %}
    {%- endif %}
{% endmacro %}
{%- for tool in tools or [] %}
    {%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
    {{- "<function><name>" ~ tool.name ~ "</name>" }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {{- '\\n<name>' ~ param_name ~ '</name>' }}
        {%- if param_fields.type is defined %}{{- '\\n<type>' ~ (param_fields.type | string) ~ '</type>' }}{%- endif %}
        {{- render_item_list(param_fields.enum, 'enum') }}
        {%- set handled_keys = ['type', 'description', 'enum', 'required'] %}
        {%- for json_key in param_fields.keys() | reject("in", handled_keys) %}
            {%- set normed_json_key = json_key | replace("-", "_") | replace(" ", "_") | replace("$", "") %}
            {%- if param_fields[json_key] is mapping %}
                {{- '\\n<' ~ normed_json_key ~ '>' ~ (param_fields[json_key] | tojson | safe) ~ '</' ~ normed_json_key ~ '>' }}
            {%- else %}
                {{-'\\n<' ~ normed_json_key ~ '>' ~ (param_fields[json_key] | string) ~ '</' ~ normed_json_key ~ '>' }}
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
    {{- render_item_list(tool.parameters.required) }}
    {{- '</function>' }}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == "assistant" and message.tool_calls is defined and message.tool_calls is iterable and message.tool_calls | length > 0 %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content is defined and message.content is string and message.content | trim | length > 0 %}
            {{- '\\n' + message.content | trim + '\\n' }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- set tool_call = tool_call.function or tool_call %}
            {{- '\\n<tool_call>\\n<function=' + tool_call.name + '>\\n' }}
            {%- for args_name, args_value in tool_call.arguments|items %}
                {{- '<parameter=' + args_name + '>\\n' }}
                {%- set args_value = args_value | tojson | safe if args_value is mapping or (args_value is sequence and args_value is not string) else args_value | string %}
                {{- args_value }}
                {{- '\\n</parameter>\\n' }}
            {%- endfor %}
            {{- '</function>\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' ~ message.content ~ '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
""",
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "gemma3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
""",
    "phi3": """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
""",
    "chatml": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "deepseek": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' in message %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}{%- if not message['content'] %}{{'<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['type'] + '<｜tool▁sep｜>' + tool['function']['name'] + '\\n' + '```json' + '\\n' + tool['function']['arguments']|tojson + '\\n' + '```' + '<｜tool▁call▁end｜>'}}{%- else %}{{'<｜Assistant｜>' + message['content'] + '<｜tool▁calls▁begin｜>'}}{%- endif %}{%- set ns.is_first = true -%}{%- else %}{{'\\n' + '<｜tool▁call▁begin｜>' + tool['type']}}{%- endif %}{%- endfor %}{{'<｜tool▁calls▁end｜><｜end▁of▁sentence｜>'}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' not in message %}{%- if ns.is_tool %}{{'<｜tool▁outputs▁end｜>' + message['content'] + '<｜end▁of▁sentence｜>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>' + message['content'] + '<｜tool▁output▁end｜>'}}{%- set ns.is_output_first = false %}{%- else %}{{'<｜tool▁output▁begin｜>' + message['content'] + '<｜tool▁output▁end｜>'}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<｜tool▁outputs▁end｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\\n'}}{% endif %}""",
    "command-r": """{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool"
} %}
{%- if basic_type_map[json_spec.type] is defined %}
    {{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "List[" +  json_to_python_type(json_spec["items"]) + "]"}}
{%- elif json_spec.type == "object" %}
    {{- "Dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']'}}
{%- elif json_spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in json_spec.type %}
      {{- json_to_python_type({"type": t}) }}
      {%- if not loop.last %}{{- "," }}{% endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- for tool in tools or [] %}
{{ "def " + tool.function.name + "(" }}
    {%- for name, spec in (tool.function.parameters.properties | dictsort) %}
{{ name }}: {% if name not in tool.function.parameters.required %}{{ "Optional[" + json_to_python_type(spec) + "] = None" }}{% else %}{{ json_to_python_type(spec) }}{% endif %}{% if not loop.last %}, {% endif %}
    {%- endfor -%}
)
{% endfor %}
{%- for message in messages %}<|{{ message.role | upper }}|>{{ message.content if message.content is string else message.content | map(attribute='text') | join('') }}
{% endfor %}""",
    "granite": """{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set system_message = "Knowledge Cutoff Date: April 2024. You are Granite." %}{%- if tools and documents %}{%- set system_message = system_message + " Tools and documents." %}{%- elif tools %}{%- set system_message = system_message + " Tools." %}{%- elif documents %}{%- set system_message = system_message + " Documents." %}{%- endif %}{%- set loop_messages = messages %}{%- endif %}{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>
' }}{%- if documents %}{%- for document in documents %}{{- 'Document ' + loop.index | string + '\\n' }}{{- document['text'] }}{%- if not loop.last %}{{- '\\n\\n'}}{%- endif%}{%- endfor %}{%- endif %}{%- for message in loop_messages %}{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' ~ message['content'] + '<|end_of_text|>
' }}{%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant' }}{%- if controls %}{{- ' ' + controls | tojson()}}{%- endif %}{{- '<|end_of_role|>' }}{%- endif %}{%- endfor %}""",
    "generation": """{% for m in messages %}
{% if m.role == 'assistant' %}
<|{{ m.role }}|>{% generation %}{% set x = 'inner' %}{{ m.content }}{{ loop.index }}{% if not loop.last %}
{{ eos_token }}
{% endif %}{% endgeneration %}

{% else %}
<|{{ m.role }}|>{{ m.content }}{{ x }}
{% endif %}
{% endfor %}""",
}

# One construct each: they see the conversation "tools" and the variables below.
SNIPPETS = r"""
{{ none }} {{ true }} {{ false }} {{ 1.0 }} {{ 1e20 }} {{ 1e16 }} {{ 123456789012345.0 }} {{ 0.0001 }} {{ 0.00001 }} {{ 5e-324 }} {{ 2e-3 }} {{ 0.1 + 0.2 }} {{ 1/3 }} {{ -0.0 }}
{{ [1, 'a', None, true, 2.5, [], {}, ()] }} {{ (1,) }} {{ (1, 2) }} {{ {'a': [1], 2: 'x', 'q': none} }}
{{ ["it's", 'say "x"', 'both \' and "', 'tab\tnl\n\\', 'é', '\x00\x7f', '\u200b', '\xa0', '😀', 'a\u2028b'] }}
{{ data }} {{ data | tojson }} {{ data | tojson(indent=2) }} {{ data | tojson(sort_keys=true) }} {{ data | tojson(ensure_ascii=true) }} {{ data | tojson(separators=(',', ':')) }} {{ data | tojson(indent='--') }} {{ data | tojson(indent=0) }}
{{ {} | tojson }}{{ [] | tojson(indent=2) }}{{ {1: 2, none: 3, true: 4, 1.5: 6} | tojson }} {{ (1, 2) | tojson }} {{ 'a"\\\n\t\x01\x7f/<>&é' | tojson }} {{ {'a': {}, 'b': []} | tojson(indent=1) }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[5] }}|{{ 'a😀b'[1] }}|{{ 'a😀b' | length }}|{{ 'a😀b'[::-1] }}|{{ 'a😀b'[1:] }}
{{ [1,2,3,4,5][::2] }} {{ [1,2,3,4,5][::-1] }} {{ [1,2,3,4,5][1:-1] }} {{ [1,2,3,4,5][-2:] }} {{ [1,2,3,4,5][:-3] }} {{ [1,2,3][5:] }} {{ [1,2,3][::-2] }} {{ [1,2,3,4][3:0:-1] }} {{ (1,2,3)[1:] }} {{ [1,2,3][:100] }} {{ [1,2,3][-100:2] }} {{ [1,2,3,4,5][4:1:-2] }} {{ [][::-1] }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 % 2 }} {{ -7.5 // 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 1 - 2 - 3 }} {{ +3 }} {{ -true }} {{ true + true }} {{ 1_000 }} {{ 0x1F }} {{ 3 * 'ab' }} {{ 'ab' * 2 }} {{ [1] * 3 }} {{ 'ab' * -1 }} {{ 1.5 * 2 }} {{ 5.0 // 2 }}
{{ 'a' ~ 1 ~ none ~ true ~ [1] ~ missing ~ 1.0 }} {{ 'a' + 'b' ~ 'c' + 'd' }} {{ 'a' 'b' "c" }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 'a' }} {{ [1, 2] == [1, 2.0] }} {{ {'a': 1} == {'a': 1} }} {{ (1, 2) == [1, 2] }} {{ none == false }} {{ missing == missing2 }} {{ missing == none }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'a' != 'b' != 'c' }} {{ 'B' < 'a' }} {{ 'z' < '😀' }}
{{ 'a' in 'abc' }} {{ 'x' not in 'abc' }} {{ 1 in [1.0] }} {{ 'a' in {'a': 1} }} {{ none in [none] }} {{ 'x' in missing }} {{ missing in [1] }} {{ 'x' in ('x', 'y') }} {{ not 'x' in 'xy' }} {{ 2 in range(3) }}
{{ 'yes' if 1 else 'no' }} {{ 'yes' if 0 else 'no' }} [{{ 'yes' if 0 }}] {{ 'a' if 0 else 'b' if 0 else 'c' }} {{ (1 if false else 2) + 3 }}
{{ 0 or 'x' }} {{ '' or none }} {{ 1 and 'y' }} {{ [] and 1 }} {{ not [] }} {{ not not 1 }} {{ missing or 'd' }} {{ none and 1 }}
{{ missing }}|{{ missing is defined }}|{{ missing is undefined }}|{{ data.nope }}|{{ data.nope is defined }}|{{ data['nope'] is defined }}|{{ none.x is defined }}|{{ 'abc'.nope is defined }}|{{ data.list.x is defined }}|{{ missing | length }}|{{ missing | list }}|{{ missing | trim }}|{{ missing is iterable }}|{{ missing is sequence }}|{{ missing is none }}|{{ missing is string }}
{{ none is none }} {{ 1 is number }} {{ true is number }} {{ true is boolean }} {{ 1 is boolean }} {{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ 1.0 is integer }} {{ 'a' is string }} {{ [] is sequence }} {{ 'a' is sequence }} {{ {} is mapping }} {{ {} is sequence }} {{ {} is iterable }} {{ 1 is iterable }} {{ 'a' is iterable }} {{ 3 is odd }} {{ 3 is even }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 3 is ge(3) }} {{ 'a' is in ['a'] }} {{ 'a' is not in ['b'] }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ none is sameas none }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ range is callable }} {{ 'trim' is filter }} {{ 'nope' is filter }} {{ 1 is not string }} {{ (1, 2) is sequence }} {{ range(3) is sequence }} {{ data.items() is sequence }} {{ data.items() is iterable }} {{ ([1] | map('string')) is sequence }}
{{ '  a b ' | trim }}|{{ 'xxaxx' | trim('x') }}|{{ 'aBc dEf' | upper }}|{{ 'aBc' | lower }}|{{ 'hello wORLD-foo (bar) it\'s' | title }}|{{ 'hELLO wORLD' | capitalize }}|{{ 'aaa' | replace('a', 'b') }}|{{ 'aaa' | replace('a', 'b', 2) }}|{{ 'abc' | replace('', '-') }}|{{ 'abc' | replace('', '-', 2) }}|{{ 123 | replace(2, 'x') }}
{{ missing | default('d') }} {{ none | default('d') }} {{ '' | default('d', true) }} {{ missing | d(1) }} {{ '' | default('d', boolean=true) }} [{{ missing | default }}]
{{ [1, 2] | join }} {{ [1, 2] | join(', ') }} {{ [{'a': 1}, {'a': 2}] | join('|', attribute='a') }} {{ 'abc' | join('-') }} {{ {'a': 1, 'b': 2} | join(',') }} {{ [none, true] | join(' ') }}
{{ [3, 1, 2] | first }} {{ [3, 1, 2] | last }} [{{ [] | first }}] {{ 'abc' | first }} {{ 'abc' | last }} {{ {'a': 1, 'b': 2} | first }} {{ {'a': 1, 'b': 2} | last }} {{ [1, 2] | length }} {{ {'a': 1} | count }} {{ (1, 2) | length }}
{{ '42' | int }} {{ '42.7' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ ' 5 ' | int }} {{ 3.9 | int }} {{ -3.9 | int }} {{ true | int }} {{ none | int }} {{ '1_000' | int }} {{ '1e3' | int }} {{ '3.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ 2 | float }} {{ 'nan' | float }} {{ '-inf' | float }} {{ [] | int }}
{{ 3.14159 | round(2) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 2.1 | round(0, 'ceil') }} {{ 2.9 | round(method='floor') }} {{ 7 | round }} {{ -3 | abs }} {{ -2.5 | abs }} {{ 1234.5 | round(-2) }}
{{ [1, 2, 3] | sum }} {{ [{'n': 1}, {'n': 2.5}] | sum(attribute='n') }} {{ [1] | sum(start=10) }} {{ [3, 1, 2] | min }} {{ [3, 1, 2] | max }} {{ ['b', 'A'] | min }} {{ ['b', 'A'] | min(case_sensitive=true) }} [{{ [] | max }}]
{{ [3, 1, 2] | sort }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [3, 1, 2] | sort(reverse=true) }} {{ [{'a': 2, 'b': 1}, {'a': 1, 'b': 2}] | sort(attribute='a') }} {{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 1}] | sort(attribute='a,b') }} {{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(false, 'value') }} {{ {'b': 1, 'A': 2} | dictsort(reverse=true) }}
{{ ['a', 'A', 'b'] | unique | list }} {{ [1, 1, 2] | unique | list }} {{ ['a', 'A'] | unique(true) | list }} {% for k, g in [{'r': 'x', 'v': 1}, {'r': 'y', 'v': 2}, {'r': 'x', 'v': 3}] | groupby('r') %}{{ k }}={{ g | map(attribute='v') | list }};{% endfor %}
{{ [1, 2] | map('string') | list }} {{ ['a', 'b'] | map('upper') | join }} {{ ['a b', 'c'] | map('replace', ' ', '_') | list }} {{ messages | map(attribute='role') | list }} {{ messages | map(attribute='nope', default='x') | list }} {{ [{'a': {'b': [7]}}] | map(attribute='a.b.0') | list }} {{ [[1, 2]] | map(attribute=1) | list }}
{{ [0, 1, '', 'a'] | select | list }} {{ [0, 1, none] | reject | list }} {{ [1, 2, 3] | select('odd') | list }} {{ [1, 2, 3] | reject('gt', 2) | list }} {{ messages | selectattr('role', 'equalto', 'tool') | list | length }} {{ messages | rejectattr('role', 'in', ['tool', 'user']) | map(attribute='role') | list }} {{ messages | selectattr('tool_calls') | list | length }} {{ messages | selectattr('tool_calls', 'defined') | list | length }} {{ messages | selectattr('role', '==', 'user') | first }}
{{ [1, 2, 3] | reverse | list }} {{ 'abc' | reverse }} {{ 'abc' | list }} {{ {'a': 1} | list }} {{ {'a': 1} | items | list }} {{ range(3) | list }} {{ range(1, 7, 2) | list }} {{ range(3, 0, -1) | list }} {{ range(2)[1] }} {{ (1, 2) | list }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb\n' | indent('> ') }}|{{ '' | indent(2, true) }}
{{ '%s and %r' | format('x', 'y') }} {{ '%(a)s' | format(a=1) }} {{ '%s' % 'x' }} {{ '%s=%d' % ('x', 3) }} {{ '%5.2f|%-5s|%05d|%+d|%x|%X|%o|%%' % (3.14159, 'ab', 42, 7, 255, 255, 8) }} {{ '%(k)s' % {'k': 'v'} }} {{ '%s' % none }} {{ '%s' % [1] }} {{ '%.1f' % 2 }} {{ '%.2s' % 'abc' }} {{ '%5s' % 'é' }} {{ '%d' % 3.9 }} {{ '%c' % 'x' }} {{ '%.0f' % 2.5 }} {{ '% d' % 5 }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ ' a b c '.split(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'a\nb'.splitlines(true) }} {{ 'abc'.split('bc') }} {{ 'a b'.split(maxsplit=0) }} {{ ' a b'.rsplit() }}
{{ '  x '.strip() }}|{{ '  x '.lstrip() }}|{{ '  x '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'abcxcba'.strip('abc') }}|{{ '\n\n a \n'.strip('\n') }}|{{ '\u2003\xa0a\u3000'.strip() }}|{{ 'a\u200b'.strip() | length }}
{{ 'abc'.startswith('a') }} {{ 'abc'.startswith(('x', 'ab')) }} {{ 'abc'.endswith('bc') }} {{ 'abc'.upper() }} {{ 'ABC'.lower() }} {{ 'they\'re bill\'s'.title() }} {{ 'aBC'.capitalize() }} {{ 'a-b'.replace('-', '+') }} {{ 'aaa'.replace('a', 'b', 1) }} {{ 'abcabc'.find('c') }} {{ 'abcabc'.rfind('c') }} {{ 'a😀c'.find('c') }} {{ 'abc'.find('x') }} {{ 'abc'.index('b') }} {{ 'aXbX'.count('X') }} {{ ','.join(['a', 'b']) }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ '5'.zfill(3) }} {{ '-5'.zfill(4) }} {{ 'a'.ljust(3, '.') }} {{ 'a'.rjust(3) }} {{ 'a'.center(4, '*') }} {{ 'ab'.center(5, '*') }} {{ 'straße'.upper() }}
{{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB1'.isupper() }} {{ 'ab1'.islower() }} {{ '1'.islower() }} {{ 'é'.isascii() }} {{ '{} {}'.format(1, 'a') }} {{ '{1}{0}{x}{{}}'.format(1, 2, x=3) }}
{{ data.items() | list | length }} {{ data.keys() | list }} {{ {'a': 1}.values() | list }} {{ {'a': 1}.keys() }} {{ {'a': 1}.items() }} {{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 2) }} {{ {'a': 1, 'b': 2}['b'] }} {{ {'a': {'b': 3}}.a.b }} {{ {'items': 5}['items'] }} {{ [1, 2, 1].count(1) }} {{ [1, 2].index(2) }} {{ [[1, 2], [3]].0.1 }} {{ {'a': 1, 'a': 2} }} {{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ {1: 'one'}[1] }} {{ {1: 'one'}[1.0] }} {{ {'a': 1} | attr('nope') }}
{% for i in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }}{{ loop.cycle('a', 'b') }}{{ loop.changed(i // 2) }};{% endfor %}
{% for i in [1, 2, 3, 4] if i % 2 == 0 %}{{ i }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}{% for i in [] %}x{% else %}empty{% endfor %}{% for i in [1] if i > 1 %}x{% else %}none left{% endfor %}{% for i in missing %}x{% else %}undefined{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}{% for a in [1, 2] %}{% for b in [1, 2, 3] %}{% if b == 2 %}{% break %}{% endif %}{{ a }}{{ b }} {% endfor %}{{ loop.index }}{% else %}no{% endfor %}
{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }} {% endfor %}{% for k, v in {'x': 1, 'y': [2]}.items() %}{{ k }}={{ v }} {% endfor %}{% for (a, (b, c)) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for c in 'a😀' %}[{{ c }}]{% endfor %}{% for k in {'p': 1} %}{{ k }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 10 %}{{ x }} {% endfor %}{{ x }}{% if true %}{% set x = 5 %}{% endif %}{{ x }}{% for i in [1] %}{% if true %}{% set y = 3 %}{% endif %}{{ y }}{% endfor %}{{ y }}
{% set ns = namespace(a=1, b=[]) %}{% for i in [1, 2, 3] %}{% set ns.a = ns.a + i %}{% set ns.b = ns.b + [i] %}{% endfor %}{{ ns.a }} {{ ns.b }} {{ ns.nope is defined }} {{ ns['a'] }} {% set ns.c %}block {{ ns.a }}{% endset %}{{ ns.c }} {% set n2 = namespace({'k': 1}, z=2) %}{{ n2.k + n2.z }}{% set ns.n = none %}{{ ns.n }}
{% set ns = namespace(seen=false) %}{% for m in [1, 2, 3, 4] if not ns.seen %}{{ m }}{% if m == 2 %}{% set ns.seen = true %}{% endif %}{% endfor %}
{% set ns = namespace(seen=false) %}{% for m in [1, 2, 3, 4] if not ns.seen %}{{ m }}{{ loop.last }}{% if m == 2 %}{% set ns.seen = true %}{% endif %}{% endfor %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, %}{{ t }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}{% set block %}x{{ a }}{% set a = 9 %}{{ a }}{% endset %}{{ block }}{{ a }}{% set up | upper | trim %}  low {% endset %}[{{ up }}]
{% macro m(a, b=2, c=a) %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=5) }} {{ m(b=7, a=0) }} {{ m() }} {{ m(1, 2, 3) | upper }}{% set r = m('x') %}{{ r is string }}{{ r | length }}
{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}{% macro g() %}{{ later }}{% endmacro %}{% set later = 'L' %}{{ g() }}{% for i in [1, 2] %}{% macro h() %}{{ i }}{% endmacro %}{{ h() }}{% endfor %}
{% filter upper %}abc {{ 'def' }}{% endfilter %}{% filter replace('a', 'b') | trim %} banana {% endfilter %}
{% raw %}{{ not }} {% evaluated %}{% endraw %} after{%- raw -%}  x  {%- endraw -%} y
{# comment #}a{#- c -#}  b  {#- multi
line #}c {{- 'd' -}}  e
{% if messages %}yes{% elif x %}no{% else %}never{% endif %}{% if missing %}a{% elif none %}b{% else %}c{% endif %}{% if not missing and 1 %}d{% endif %}
{{ [1, 2, 3,] }}{{ {'a': 1,} }}{{ dict(a=1,) }}{{ [1, 2] + [3] }}{{ (1,) + (2,) }}{{ [[1]] + [] }}
{{ '\x41\u00e9\U0001F600\101\a\q\
x' }} {{ "double 'q'" }} {{ 'single "q"' }}
{{ messages[0].role.upper()[0] ~ messages[-1]['content'][:4] }}{{ messages[1:][0].role }}{{ (messages | first)['role'] }}{{ messages[0]['content'].split(' ')[0] | lower }}
{{ (data.flag | string) ~ (1.50 | string) }} {{ 1 | string | length }} {{ ('<a>' | safe) ~ '<b>' }} {{ '<a>' | safe }} {{ ('x' | safe) is string }} {{ (data | tojson | safe) }} {{ ('a' | safe) == 'a' }}
{{ '{{' }} {{ '%}' }} {{ '}}' }} {{ {'a': {'b': 1}} }}{{ {'a':{}}}}
{%- set s = [] -%}{{ s is iterable and s is not mapping }}{{ [1] is not none and true }}{{ not missing is defined }}{{ 1 if missing is not defined else 2 }}{{ 'x' is string or missing.boom }}
{{ data.big }} {{ data.big | tojson }} {{ data.neg }} {{ data.f }} {{ data.exp }}
{{ [1, 2, 3] | map('int') | sum }} {{ [' a ', 'b '] | map('trim') | list }} {{ [['a', 1], ['b', 2]] | map('first') | list }} {{ [1, 2] | map('default', 3) | list }} {{ ['x'] | map('length') | list }}
{% for x in [1, 2] | map('string') %}{{ loop.index }}{{ loop.length }}{{ x }}{{ loop.last }}{% endfor %}{% set g = [1, 2] | map('string') %}{{ g | list }}{{ g | list }}{{ 'true' if [] | map('string') else 'false' }}
{{ 'a'.split(none) }}{{ 'x' * true }}
{% for m in messages %}{% set loop_messages = m %}{{ loop.index }}{% endfor %}{{ loop_messages }}
{% set x = 'a' %}{% macro q(x) %}{{ x }}{% set x = 'in' %}{{ x }}{% endmacro %}{{ q('b') }}{{ x }}
{% for i in [1,2] %}{% for j in [1,2] %}{{ loop.index }}{{ i }}{% endfor %}{{ loop.index }}{% endfor %}
{% if 'a' in messages[0].content and messages[0].role == 'user' or false %}1{% endif %}
{{ messages[0].content if messages[0].content is string else '' }}{{ messages[-1:] | length }}
{% set ns = namespace(found=none) %}{% for m in messages | reverse %}{% if m.role == 'user' and ns.found is none %}{% set ns.found = m.content %}{% endif %}{% endfor %}{{ ns.found }}
{{ (messages | last).content }}{{ (messages | selectattr('role', 'eq', 'user') | list)[-1].content }}
{{ messages | map(attribute='content') | select('string') | join('\n\n') | trim }}
{{ ['a','b'] | join(sep) }}{{ 5 is not none and 5 > 3 }}{{ not 5 is none }}
{% for k, v in (data | dictsort) %}{{ k }}:{{ v if v is not none else 'null' }};{% endfor %}
{{ 10 | string ~ 'x' }}{{ '%02d:%02d' % (5, 7) }}{{ -5 | abs }}{{ -5 | string }}
{{ {'a': messages[0].role} | tojson(indent=4) | indent(2) }}
{{ messages[0]["content"][:3] | upper + '!' }}{{ 'a' if x else 'b' ~ 'c' }}
{{ 1 if true else missing.x }}{{ 'A' ~ (none | default('z', true)) }}
{% set c %}{% for m in messages %}{{ m.role }} {% endfor %}{% endset %}{{ c | trim | replace(' ', '-') }}
{{ 'a\\nb' }}{{ "a\"b" }}{{ 'tab\there' }}{{ '\\' }}
{{ data.items() | map('first') | list }}{{ data.b.items() | list }}
{%- for a in [1,2,3] -%}{%- if not loop.first -%},{%- endif -%} {{ a }} {%- endfor %}
{{ [[1,2],[3,4]] | map('last') | sum }}{{ [1,2] is iterable and [1,2] is not string and [1,2] is not mapping }}
{{ messages[loop_index | default(0)].role }}{{ range(messages | length) | list }}
{{ 'x'.join('abc') }}{{ 'Hello'[1:3] }}{{ 'Hello'[-3:] }}{{ 'Hello'[::2] }}{{ 'Hello'[3::-1] }}
{{ 3.0 | int }}{{ 1e3 }}{{ 1e3 | int }}{{ 100000000000000000.0 }}{{ 1.1e-5 | tojson }}{{ 0.30000000000000004 }}{{ 2.5e-8 }}{{ 9007199254740993 * 3 }}
{% set d = {'k': 'v'} %}{{ d.get('k', '') ~ d.get('z', 'dflt') }}{{ 'k' in d and d.k }}{{ d | length }}{{ d | list }}{{ d.keys() | list | first }}
{{ none | string | lower }}{{ true | string | lower }}{{ [true, none] | tojson }}{{ none | tojson }}{{ 'a' | tojson }}
{% for m in messages if m.role != 'system' %}{% if loop.first %}[F]{% endif %}{% if loop.last %}[L]{% endif %}{{ loop.revindex }}{% endfor %}
{{ 'abc' | list | reverse | join }}{{ 'a-b_c' | replace('-', '') | title }}{{ "it's ok" | title }}{{ 'ÀÉ' | lower }}{{ 'ß' | capitalize }}
{{ ("a" ~ 1) * 2 }}{{ ('a', 'b')[1] }}{{ ('a',)[0] }}{{ () | length }}{{ [] == () }}
{% macro p(t, d=0) -%}{% if t is mapping %}{ {%- for k, v in t.items() %} {{ k }}: {{ p(v, d + 1) }}{% if not loop.last %},{% endif %}{% endfor %} }{% else %}{{ t }}{% endif %}{%- endmacro %}{{ p({'a': {'b': 1}, 'c': 2}) }}
{{ 7 in [1, 7] and 'a' not in ['b'] }}{{ 1 == 1 and 2 == 2 }}{{ (1, 2) in [(1, 2)] }}{{ 1 != 1.0 }}{{ '1' == 1 }}
{{ x.y if x is defined else 'undef' }}{{ x is defined and x.y }}{{ (x | default({})).y is defined }}{{ (x or {}).get('q') }}
{{ 'line1\nline2'.split('\n') | map('trim') | join('|') }}{{ 'a  b'.split(' ') }}
{{ data.list | tojson }}{{ data.list[-1] is none }}{{ data.list | select('number') | list }}{{ data.empty or 'E' }}{{ data.list | string }}
{{- ' lead' }} {{ 'trail ' -}}
{% set t = 'a' %}{% if true %}{% set t = t + 'b' %}{% endif %}{{ t }}{% for i in [1] %}{% set t = t + 'c' %}{{ t }}{% endfor %}{{ t }}
{{ '{:>5}'.count(':') }}{{ '100%' }}{{ '%d%%' % 50 }}{{ '%s' | format([1, 'a']) }}
{{ [3,1,2] | sort | first }}{{ ['x','y'] | length > 1 }}{{ 'abc' | length == 3 }}{{ -1 ** 2 }}{{ 2 * -3 }}{{ - 3 | abs }}{{ (-3) | abs }}
{{ 'a' in {} }}{{ data['b']['z'] }}{{ data.b['z'] | int }}{{ data.b.z == 1 }}{{ data.flag is sameas true }}{{ data.flag == 1 }}
{{ messages[0].items() | list | length }}{{ messages[0].content.strip().split()[0] }}{{ messages[0].get('nope') is none }}{{ messages[0].nope is none }}
{% for x in 'ab' %}{% for y in 'cd' if y != x %}{{ x ~ y }}{{ loop.length }} {% endfor %}{% endfor %}
{% if messages[0].tool_calls is defined and messages[0].tool_calls %}t{% else %}f{% endif %}{{ messages[1].tool_calls[0].function.arguments.items() | map(attribute=0) | join(',') }}
{{ messages[1].tool_calls[0].function.arguments }}{{ messages[1].tool_calls[0]['function']['arguments']['o'] | tojson }}
"""

CONTROL = [
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%+ if true %}\n  b\n  {%- endif %}\nc\n\n",
    "a\n  {{ 'x' }}\n  {{- 'y' }}\n {{ 'z' -}}\n w",
    "{% if true +%}\n x {% endif %}\n\n y",
    "  {% set x = 1 %}  \n  {# c #}\n\t{% if x %}\tz{% endif %}\n",
    "  {#- c #}\n  {# c +#}\n  {#+ d #}\n e",
    "x {% if true %} y {% endif %} z\r\n{% if true %}\r\nw{% endif %}\r",
    "{%- if true -%}\n\n  a  \n{%- endif -%}\n\n b {{+ 1 }} {{ 2 }}\n\n",
    "{% for i in [1, 2] %}\n    {{ i }}\n{% endfor %}\nend",
    "a {% raw %}\n {{ x }} {% endraw %}\n b\n  {%+ raw %}q{% endraw %}",
    "\u00a0{% if true %}\u00a0{%- endif %}\u2003{%- if 1 %}x{% endif %}",
    "a{% if true %}\n\nb{% endif %}{{ '\\n' }}\n\n",
    "  {% raw %} a {%- endraw %}  b",
    "{{ 'a' }}\n  {% if true: %}b{% endif %}",
    "{%if true%}a{%endif%}{{'b'}}{{-'c'-}} {#-#} d",
]

# What Python refuses: the template line that the error must name, and what of Python's message it must keep.
FAILING = [
    ("{{ 'a' + 1 }}", 1, 'can only concatenate str (not "int") to str'),
    ("\n{{ 1 + 'a' }}", 2, "unsupported operand type(s) for +: 'int' and 'str'"),
    ("{{ 'a' + missing }}", 1, "'missing' is undefined"),
    ("{{ missing.x }}", 1, "'missing' is undefined"),
    ("x\n\n{{ missing['x'] }}", 3, "'missing' is undefined"),
    ("{{ missing() }}", 1, "'missing' is undefined"),
    ("{{ data.nope.x }}", 1, "'dict object' has no attribute 'nope'"),
    ("{{ none() }}", 1, "'NoneType' object is not callable"),
    ("{% for x in none %}{% endfor %}", 1, "'NoneType' object is not iterable"),
    ("{% for x in 5 %}{% endfor %}", 1, "'int' object is not iterable"),
    ("{{ 1 < 'a' }}", 1, "'<' not supported between instances of 'int' and 'str'"),
    ("{{ none | length }}", 1, "object of type 'NoneType' has no len()"),
    ("{{ [1] | map('string') | length }}", 1, "object of type 'generator' has no len()"),
    ("{{ 1 in 'a' }}", 1, "'in <string>' requires string as left operand, not int"),
    ("{{ 1 / 0 }}", 1, "division by zero"),
    ("{% for a, b in [[1]] %}{% endfor %}", 1, "not enough values to unpack (expected 2, got 1)"),
    ("{{ missing | tojson }}", 1, "Object of type Undefined is not JSON serializable"),
    ("{{ raise_exception('No ' ~ 'way') }}", 1, "No way"),
    ("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", 1, ""),
    ("{{ 'a'.index('b') }}", 1, "substring not found"),
    ("{% if x %}", 1, ""),
    ("{{ 'a }}", 1, ""),
    ("\n{{ 1 + }}", 2, ""),
    ("{% endfor %}", 1, ""),
    ("{{ x | nope }}", 1, ""),
    ("{{ x is nope }}", 1, ""),
    ("{% nope %}", 1, ""),
    ("{% break %}", 1, ""),
    ("{{ (1 }}", 1, ""),
    ("{# never", 1, ""),
    ("{{ messages.append(1) }}", 1, ""),
    ("{{ data.update({}) }}", 1, ""),
    ("{{ messages.__class__.__mro__ }}", 1, ""),
    ("{{ ''.__class__.__mro__ }}", 1, ""),
    ("{{ '%d' % 'x' }}", 1, "%d format: a real number is required, not str"),
    ("{{ '%s %s' % 'x' }}", 1, "not enough arguments for format string"),
    ("{{ {}['a'].b }}", 1, "'dict object' has no attribute 'a'"),
    ("{% set data.x = 1 %}", 1, ""),
    ("{% set x = {[]: 1} %}", 1, "unhashable type: 'list'"),
    ("{{ range(1000000) }}", 1, ""),
    ("{{ 'a'.join([1]) }}", 1, ""),
    ("{{ none | items | list }}", 1, "Can only get item pairs from a mapping."),
    ("{{ -'a' }}", 1, "bad operand type for unary -: 'str'"),
    ("{{ 'a'.split('') }}", 1, "empty separator"),
]

CALL = {
    "id": "abcdefghi",
    "type": "function",
    "function": {
        "name": "weather",
        "arguments": {
            "city": "K\u00f6ln",
            "days": 2,
            "exact": True,
            "unit": None,
            "scale": 1.0,
            "tags": ["a<b", "c'd"],
            "o": {"k": 1},
        },
    },
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Gets <weather> & more",
            "parameters": {
                "type": "object",
                "properties": {
                    "days": {"type": "integer", "default": 1, "x-y $z": {"a": 1}},
                    "city": {"type": "string", "enum": ["K\u00f6ln", "Bonn"]},
                    "more": {"type": "array", "items": {"type": "number"}},
                    "other": {"type": ["string", "null"]},
                    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
                },
                "required": ["city"],
            },
        },
    },
    {
        "type": "function",
        "function": {"name": "none", "parameters": {"type": "object", "properties": {}, "required": []}},
    },
]
CONVERSATIONS = {
    "single": [{"role": "user", "content": '  Hi <b>&amp; "you"</b>\n'}],
    "system": [
        {"role": "system", "content": " Be brief.\n"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": " Hello \U0001f600 "},
        {"role": "user", "content": "{{ no }}"},
    ],
    "think": [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "<think>\nadd\n</think>\n\ntwo\n"},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "four", "reasoning_content": "hm"},
    ],
    "tools": [
        {"role": "user", "content": "Weather in K\u00f6ln?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": '{"t": 21.5}', "tool_call_id": "abcdefghi", "name": "weather"},
        {"role": "tool", "content": "ok", "tool_call_id": "abcdefghi"},
        {"role": "assistant", "content": "21.5 degrees"},
        {"role": "user", "content": "Thanks"},
    ],
    "parts": [
        {
            "role": "user",
            "content": [{"type": "text", "text": " one"}, {"type": "image"}, {"type": "text", "text": "two "}],
        }
    ],
    "two-users": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
}
DATA = {
    "flag": True,
    "list": [1, "x", None],
    "b": {"z": 1.0, "a": "\u00e9<'\">"},
    "a": None,
    "big": 123456789012345678901234567890,
    "neg": -5,
    "f": 1e-7,
    "exp": 1.5e300,
    "empty": {},
    "none": [],
}


PUBLISHED = {name: {"messages": messages, "variables": {}} for name, messages in CONVERSATIONS.items()}
PUBLISHED["tools"]["variables"] = {"tools": TOOLS}
PUBLISHED["system"]["variables"] = {
    "documents": [{"text": "d1"}, {"text": "d2"}],
    "enable_thinking": False,
    "builtin_tools": ["search", "code_interpreter"],
    "controls": {"length": "short"},
}
SNIPPET = {"snippet": {"messages": CONVERSATIONS["tools"], "variables": {"data": DATA}}}


def render(template, conversation, given, prompt):
    case = {"conversation": conversation, "add_generation_prompt": prompt}
    variables = {"tools": None, "documents": None, **TOKENS, **given["variables"]}
    tools, documents = variables.pop("tools"), variables.pop("documents")
    try:
        compiled = _compile_jinja_template(template)
        text, spans = _render_with_assistant_indices(compiled, given["messages"], tools, documents, prompt, **variables)
        return {**case, "rendered": text, "assistant_spans": spans}
    except Exception as e:
        return {**case, "error": "" if isinstance(e, RecursionError) else str(e)}


templates = []
for name, template in TEMPLATES.items():
    cases = [render(template, c, given, prompt) for c, given in PUBLISHED.items() for prompt in (False, True)]
    templates.append({"name": name, "source": template, "cases": cases})
lines = SNIPPETS.strip("\n").replace("\\\n", "\x00").replace("multi\nline", "multi\x01line").split("\n")
snippets = [line.replace("\x00", "\\\n").replace("\x01", "\n") for line in lines]
for i, source in enumerate(snippets + CONTROL):
    case = render(source, "snippet", SNIPPET["snippet"], False)
    if "error" in case:
        raise SystemExit(f"{source}: {case['error']}")
    templates.append({"name": f"snippet {i}", "source": source, "cases": [case]})
failing = []
for source, line, message in FAILING:
    try:
        text = _compile_jinja_template(source).render(messages=CONVERSATIONS["tools"], data=DATA)
    except Exception as e:
        if message and message not in str(e):
            raise SystemExit(f"{source}: {e}") from e
    else:
        raise SystemExit(f"{source} rendered {text!r}")
    failing.append({"source": source, "line": line, "message": message})
print(
    json.dumps(
        {"tokens": TOKENS, "conversations": {**PUBLISHED, **SNIPPET}, "templates": templates, "failing": failing},
        ensure_ascii=False,
        indent=1,
    )
)
