import { randomBytes } from 'node:crypto';
import { onlyInAll } from '../helpers/skip.ts';
import { deploymentScenarios } from './deployment-scenarios.ts';

const key = randomBytes(32).toString('base64');

deploymentScenarios({
  title: 'the example of relay mode on a real cluster',
  path: 'examples/relay',
  reloads: () => 0,
  async prepare({ kubectl }) {
    const secret = 'haproxy-peer-sync-relay';
    await kubectl(['create', 'secret', 'generic', secret, `--from-literal=key=${key}`]);
  },
  secret: async () => key,
  noTime: onlyInAll,
});
