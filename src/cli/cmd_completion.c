/*
 * cmd_completion.c — `outlayer completion`: what makes a shell complete our commands.
 *
 * Made from the tables that also make the help: commands, their verbs, their options. Where an
 * option takes an argument, and for operands, the shell offers files.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const struct opt completion_options[] = {OPT_END};

static const char *const completion_examples[] = {
    ". <(outlayer completion bash)",
    "outlayer completion zsh > ~/.zfunc/_outlayer",
    "outlayer completion fish > ~/.config/fish/completions/outlayer.fish",
    NULL,
};

const struct command command_completion = {
    .name = "completion",
    .summary = "print what makes a shell complete these commands",
    .usage = "bash|zsh|fish",
    .about =
        "For bash put the first example into ~/.bashrc. For zsh the folder has to be in fpath\n"
        "before compinit runs.",
    .verbs = "bash zsh fish",
    .options = completion_options,
    .examples = completion_examples,
    .run = cmd_completion,
};

/* `text` within single quotes of zsh (`special` there are escaped) and fish. */
static void put_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr(special, *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void print_names(void)
{
    for (size_t i = 0; command_table[i]; i++)
        printf("%s%s", i ? " " : "", command_table[i]->name);
}

static void print_bash(void)
{
    printf("_outlayer() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        words='");
    print_names();
    printf(" --help --version'\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; command_table[i]; i++) {
        const struct command *c = command_table[i];

        if (c == &command_help)
            continue;
        printf("        %s)\n            case $prev in ", c->name);
        for (const struct opt *o = c->options; o->kind != OPT_IS_END; o++)
            if (o->arg)
                printf("--%s|", o->name);
        /* Behind an option that takes an argument there are files, which need no words. */
        printf("-) return ;; esac\n            case $cur in -*) words='");
        for (const struct opt *o = c->options; o->kind != OPT_IS_END; o++)
            printf("--%s ", o->name);
        printf("--help' ;; *) [ \"$COMP_CWORD\" -eq 2 ] && words='%s' ;; esac ;;\n",
               c->verbs ? c->verbs : "");
    }
    printf("        help) [ \"$COMP_CWORD\" -eq 2 ] && words='");
    print_names();
    printf("' ;;\n        esac\n    fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "}\n"
           "complete -o default -F _outlayer outlayer\n");
}

static void print_zsh(void)
{
    printf("#compdef outlayer\n_outlayer() {\n    local -a commands=(\n");
    for (size_t i = 0; command_table[i]; i++) {
        printf("        '%s:", command_table[i]->name);
        put_quoted(command_table[i]->summary, ":\\");
        printf("'\n");
    }
    printf("    )\n    if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
           "    local command=$words[2]\n    shift words; (( CURRENT-- ))\n    case $command in\n");
    for (size_t i = 0; command_table[i]; i++) {
        const struct command *c = command_table[i];

        printf("    %s) _arguments", c->name);
        for (const struct opt *o = c->options; o->kind != OPT_IS_END; o++) {
            printf(" \\\n        '%s--%s[", o->kind == OPT_IS_LIST ? "*" : "", o->name);
            put_quoted(o->summary, "[]:\\");
            printf("]%s%s%s'", o->arg ? ":" : "", o->arg ? o->arg : "", o->arg ? ":_files" : "");
        }
        printf(" \\\n        '--help[say more]'");
        if (c->verbs || c == &command_help) {
            printf(" '1:word:(%s", c->verbs ? c->verbs : "");
            if (c == &command_help)
                print_names();
            printf(")'");
        }
        printf(" '*:file:_files' ;;\n");
    }
    printf(
        "    esac\n}\n[ \"$funcstack[1]\" = _outlayer ] && _outlayer \"$@\" || compdef _outlayer "
        "outlayer\n");
}

static void print_fish(void)
{
    for (size_t i = 0; command_table[i]; i++) {
        const struct command *c = command_table[i];

        printf("complete -c outlayer -f -n __fish_use_subcommand -a %s -d '", c->name);
        put_quoted(c->summary, "\\");
        printf("'\n");
        if (c->verbs)
            printf("complete -c outlayer -n '__fish_seen_subcommand_from %s; and not "
                   "__fish_seen_subcommand_from %s' -a '%s'\n",
                   c->name, c->verbs, c->verbs);
        for (const struct opt *o = c->options; o->kind != OPT_IS_END; o++) {
            printf("complete -c outlayer -n '__fish_seen_subcommand_from %s' -l %s%s -d '", c->name,
                   o->name, o->arg ? " -r" : "");
            put_quoted(o->summary, "\\");
            printf("'\n");
        }
    }
}

int cmd_completion(int argc, char **argv)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    struct buf why = WHY_INIT;
    char nothing;
    int operands, status;

    if (!command_begin(&command_completion, argc, argv, &nothing, &operands, &status))
        return status;
    for (size_t i = 0; argc - operands == 1 && i < countof(shells); i++)
        if (strcmp(argv[operands], shells[i].shell) == 0) {
            shells[i].print();
            return EXIT_DONE;
        }
    (void)err_put(&why, ERR_FORMAT, "say for which shell: bash, zsh or fish");
    status = command_misused(&command_completion, &why);
    buf_release(&why);
    return status;
}
