/* agentkeys-daemon */
#include "programs/daemon/agent.h"

int main(int argc, char **argv)
{
    return ak_cli_main(&ak_daemon_program, argc, argv);
}
