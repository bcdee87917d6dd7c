# syntax=docker/dockerfile:1
# The published binary (profile `dist`), statically linked, and nothing else:
#
#     docker build --tag seatrial .
#     docker run --publish 7447:7447 seatrial
#
# glibc resolves names without files of its own from 2.34 on, so webhooks reach hosts by name from an image that holds no
# system.

ARG RUST=1.95
FROM rust:${RUST}-slim-bookworm AS build
WORKDIR /seatrial
ARG TARGETARCH=amd64
# A triple of its own keeps the flag away from build scripts and macros, which cannot be static.
ENV RUSTFLAGS="-C target-feature=+crt-static"
RUN case "$TARGETARCH" in \
        amd64) echo x86_64-unknown-linux-gnu ;; \
        arm64) echo aarch64-unknown-linux-gnu ;; \
        *) echo "no build for $TARGETARCH" >&2; exit 1 ;; \
    esac > /target

# Dependencies first: this layer stays until Cargo.lock changes. The sources are stand-ins as long as the layer is made.
COPY Cargo.toml Cargo.lock ./
COPY xtask/Cargo.toml xtask/
COPY benches/bare/Cargo.toml benches/bare/
COPY fuzz/Cargo.toml fuzz/
RUN mkdir -p fuzz/src src tests/stories xtask/src \
    && echo 'fn main() {}' | tee src/main.rs fuzz/src/main.rs tests/stories/main.rs xtask/src/main.rs benches/bare/main.rs benches/pipeline.rs \
        benches/sandboxes.rs > build.rs \
    && touch src/lib.rs \
    && cargo build --locked --profile dist --bin seatrial --target "$(cat /target)" \
    && rm -r src build.rs

# Everything that build.rs and `include_*!` read.
COPY build.rs ./
COPY specs specs
COPY scenarios scenarios
COPY src src
# cargo compares times of change, and those of the copies are older than the stand-ins.
RUN find build.rs specs scenarios src -exec touch {} + \
    && cargo build --locked --profile dist --bin seatrial --target "$(cat /target)" \
    && cp "target/$(cat /target)/dist/seatrial" /seatrial.bin

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Seatrial" \
      org.opencontainers.image.description="Mock carrier sandbox and contract-test server" \
      org.opencontainers.image.url="https://github.com/seatrial/seatrial" \
      org.opencontainers.image.source="https://github.com/seatrial/seatrial" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /seatrial.bin /seatrial
# Nobody in particular; a number, because there is no /etc/passwd to look a name up in.
USER 65532:65532
EXPOSE 7447
# Loopback of a container is reachable from nowhere else.
ENV SEATRIAL_LISTEN=0.0.0.0:7447
HEALTHCHECK --interval=10s --timeout=2s --start-period=2s --start-interval=200ms CMD ["/seatrial", "health"]
ENTRYPOINT ["/seatrial"]
