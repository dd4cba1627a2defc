# By tag, so that a build takes what is there; releases and kind/up.sh give the digest of .github/base/Dockerfile.
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No install scripts: nothing of what the build needs depends on them.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY test/tools/build.ts test/tools/build.ts
COPY src src
RUN node test/tools/build.ts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="haproxy-peer-sync" \
      org.opencontainers.image.description="Keeps the peers section of every HAProxy replica in step with the pods that run" \
      org.opencontainers.image.licenses="Apache-2.0"
# The program is one file: a package manager in its image serves nobody but an intruder.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg
COPY --from=build /src/dist/main.js /app/main.js
# Node takes the format of a file from the nearest package.json.
COPY --from=build /src/package.json /app/package.json
# What `kubectl exec` starts beside the sidecar shares its memory limit, so it gets the flags of the entry point, too.
RUN printf '#!/bin/sh\nexec node --no-opt --max-semi-space-size=1 /app/main.js "$@"\n' \
      > /usr/local/bin/haproxy-peer-sync && chmod 755 /usr/local/bin/haproxy-peer-sync
# Numeric, so that runAsNonRoot can be checked; nothing is written at run time, so the root file system may be read-only.
RUN mkdir /app/compiled && chown 65532:65532 /app/compiled
USER 65532:65532
# What V8 makes of the program, kept: each start takes a fifth less of the processor, which all pods that start at once share.
# V8 takes it with the flags of the entry point only, Node for the same user only.
ENV NODE_COMPILE_CACHE=/app/compiled
RUN node --no-opt --max-semi-space-size=1 /app/main.js --version
# One arena for malloc; without the optimising compiler, whose code alone takes memory, and with a small young generation: a program
# that waits most of the time gains nothing from them. The one in the middle (Maglev) takes 3 MiB, and a snapshot or a comparison costs
# half of the processor with it.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
ENTRYPOINT ["node", "--no-opt", "--max-semi-space-size=1", "/app/main.js"]
CMD ["run"]
