/** The Grafana dashboard of examples/monitoring, written by `npm run docs`. */

import type { Panel } from './dashboard-row.ts';
import { rows } from './dashboard-rows.ts';

const datasource = { type: 'prometheus', uid: '$datasource' };
const height = { stat: 4, timeseries: 8, table: 8 } as const;

function panelOf(panel: Panel, id: number, x: number, y: number) {
  const { title, description, type, unit = 'short', width } = panel;
  return {
    id,
    title,
    description,
    type,
    datasource,
    gridPos: { h: height[type], w: width, x, y },
    fieldConfig: {
      defaults: {
        unit,
        ...(type === 'timeseries'
          ? { min: 0, custom: { fillOpacity: 5, showPoints: 'never' } }
          : {}),
      },
      overrides: [],
    },
    options:
      type === 'stat'
        ? {
            colorMode: 'none',
            graphMode: 'none',
            textMode: 'value_and_name',
            reduceOptions: { calcs: ['lastNotNull'] },
          }
        : {
            legend: { displayMode: 'list', placement: 'bottom' },
            tooltip: { mode: 'multi', sort: 'desc' },
          },
    targets: Object.entries(panel.queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat,
      ...(type === 'stat' ? { instant: true } : {}),
    })),
  };
}

function panels() {
  const placed: unknown[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    placed.push({
      id: placed.length + 1,
      title,
      type: 'row',
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of inRow) {
      if (x + panel.width > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      placed.push(panelOf(panel, placed.length + 1, x, y));
      x += panel.width;
      tallest = Math.max(tallest, height[panel.type]);
    }
    y += tallest;
  }
  return placed;
}

function variable(name: string, matcher: string) {
  return {
    name,
    type: 'query',
    datasource,
    query: { query: `label_values(haproxy_peer_sync_build_info${matcher}, ${name})`, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    sort: 1,
  };
}

/** examples/monitoring/dashboard.json */
export function dashboardJson(): string {
  const dashboard = {
    title: 'haproxy-peer-sync',
    uid: 'haproxy-peer-sync',
    description: 'Peers and stick tables of HAProxy replicas: are they in step, and if not, why.',
    tags: ['haproxy', 'kubernetes'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        variable('namespace', ''),
        variable('job', '{namespace=~"$namespace"}'),
        variable('pod', '{namespace=~"$namespace", job=~"$job"}'),
      ],
    },
    annotations: { list: [] },
    panels: panels(),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
