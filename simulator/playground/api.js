// Purpose: talks to the simulator's control API.
