"""The programs that containers run where an image has one of its own, and the files they need.

A container of labnet runs programs of the machine it is on; what the machine has not, or has in
another shape than the image, is here: `agnhost`, the server of Kubernetes' own network tests, and
`nginx`, the files that make Debian's nginx behave as Docker's image does.

Nothing in this room imports anything of labnet, and importing it does no work and opens nothing:
a fork server imports it once, and every container that is forked from there shares those pages.

Decisions
- We chose a loop of our own on epoll over asyncio and over http.server for `agnhost`. A server that
  does nothing yet, forked from a process that had imported it, had of its own 0.9 MB and 0.9 ms of
  CPU on epoll, 2.4 MB and 2.4 ms with asyncio's streams, 2.8 MB and 4.4 ms with http.server (which
  also needs a thread per client). All of netexec now has 1.95 MB and 1.7 ms when it is ready, and
  3.7 MB when it has served and dialled. A handler that may wait (`/dial`, `/shell`) gets a thread
  while it waits.
- We chose the standard library alone, and of it the modules that import little: http.client,
  email, subprocess and argparse together are more than all of agnhost.
"""
