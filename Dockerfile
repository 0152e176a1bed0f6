# labnet in a container, with all that labs run:
#
#   docker build -t labnet .
#   docker run --rm -it --privileged labnet up topologies/two-node.yaml     the lab, and a shell
#   docker run --rm -it --privileged labnet                                 a shell
#
# Where nothing can be pulled, scripts/docker-base makes a base of this machine's packages, which
# are then fetched as this machine fetches them: --build-arg BASE=labnet-base --network host.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

# What changes least comes first: this layer is built anew only when requirements change. SET_UP is
# `--dev` for an image that can run the tests.
ARG SET_UP=
WORKDIR /labnet
COPY pyproject.toml ./
COPY scripts/install scripts/needs.bash scripts/steps.bash scripts/
RUN apt-get -qq update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --no-install-recommends \
    ca-certificates python3-venv \
 && PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_NO_CACHE_DIR=1 scripts/install ${SET_UP} \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log

ENV PATH=/labnet/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY . .

# Which of iptables' two userlands runs in labs here: nft or legacy.
ARG IPTABLES=nft
RUN update-alternatives --quiet --set iptables /usr/sbin/iptables-${IPTABLES} \
 && update-alternatives --quiet --set ip6tables /usr/sbin/ip6tables-${IPTABLES} \
 && .venv/bin/python3 -I -m compileall -q labnet

# An interactive shell ends at SIGHUP, and ignores SIGTERM.
STOPSIGNAL SIGHUP
ENTRYPOINT ["/labnet/scripts/docker-entry"]
