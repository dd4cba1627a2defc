import { deploymentScenarios } from './deployment-scenarios.ts';

deploymentScenarios({
  title: 'the example as a Deployment on a real cluster',
  path: 'examples/deployment',
  reloads: (inReloadMode) => inReloadMode,
  secret: (replica) => replica.shell('cat /etc/haproxy/dataplaneapi.password'),
});
