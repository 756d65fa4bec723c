# The engine with its packages. Node 26 is the npm package `node`, as everywhere; the base image only brings npm.
FROM node:24-bookworm-slim

WORKDIR /pipehat
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
ENV PATH=/pipehat/node_modules/.bin:$PATH
COPY . .

# A volume that is mounted here for the first time belongs to the same user.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 2575 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/cli.ts"]
CMD ["start", "--site", "docker/site", "--data", "/data"]
