"""The container runtime: one process for each lab, of which all containers of the lab are forks.

    spawn, shutdown, connect   lifetime.py, client.py   what the rest of the kernel room uses
    enter_container, …         enter.py                 `labnet exec`
    read_logs                  journal.py               `labnet logs`
    lab_processes              census.py                who lives in a lab's namespaces

`__main__` is the runtime itself: `server` takes requests, `keeper` knows the containers, `launch`
forks one, `sandbox` gives it a root, `init` is its PID 1, `pump` and `logs` keep what it writes.
Nothing is imported here: each module that the runtime has loaded is shared with its containers, but
each that it has not is smaller still.

Decisions
- We chose a fork server over starting an interpreter for each container: a Python of its own costs
  9 ms and 6 MB, a fork that has imported everything already 3 ms and 1.5 MB, its root included.
- We chose to let the kernel end the containers over keeping a list of them: each init asks to be
  killed when the runtime dies (PR_SET_PDEATHSIG), and its PID namespace dies with it. So whoever is
  killed when, ending the runtime ends everything.
- We chose the credentials of the socket's peer, and a word in the environment, over a pid file: a
  number says nothing about who has it now.
- We chose an overlay over the machine's root over bind mounts: a container writes where it likes,
  nothing of that reaches the machine, and it costs one mount.
- We chose clone3(2) over unshare(2) and fork(2), because the runtime could not go back to its own
  PID namespace if that belongs to another user namespace, as under `unshare -Ur`.
- We chose to end the runtime when its socket is removed: nobody could find it any more.
- We chose one thread and callbacks over threads and over asyncio: a process that forks must have
  one thread, and asyncio would be a quarter of what its containers share.
- We chose an empty inheritable set over the fourteen capabilities in it, as Docker does since
  20.10.14: programs with file capabilities would get theirs otherwise.
- We chose nodev on all mounts over a devices cgroup, and no `nosuid`: Docker's containers have
  CAP_MKNOD and set-user-ID programs, and here nothing else would keep them from the disks.
"""
