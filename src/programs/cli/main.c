/* agentkeys */
#include "programs/cli/commands.h"

int main(int argc, char **argv)
{
    return ak_cli_main(&ak_cli_agentkeys, argc, argv);
}
