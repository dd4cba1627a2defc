import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Result, Track, Way } from './result.ts';

echarts.use([LineChart, ScatterChart, GridComponent, TitleComponent, SVGRenderer]);

/** Pixels. */
const size = { width: 900, height: 560, top: 128, panel: 170, gap: 92, left: 70, right: 30 };
/** Of Okabe and Ito, which everybody can tell apart. */
const colours = { old: '#8a8a8a', new: ['#0072b2', '#d55e00', '#009e73', '#cc79a7'] } as const;
const names: Readonly<Partial<Record<Way, string>>> = {
  ours: 'haproxy-peer-sync',
  relay: 'haproxy-peer-sync, relay mode',
  naive: 'start alone, reload on every event',
};

/** An SVG of the first run of each way: the entries of every replica over time, one panel below the other. */
export function plotRetention(results: readonly Result[]): string {
  const [first] = results;
  const panels = (['ours', 'relay', 'naive'] as const).flatMap((way) => {
    const found = results.find(
      (result) => result.way === way && result.scenario === first?.scenario && result.timeline,
    );
    return found === undefined ? [] : [{ way, result: found, tracks: found.timeline ?? [] }];
  });
  if (panels.length === 0) throw new Error('no run was sampled: nothing to plot');
  const during = first?.scenario === 'rollout' ? 'a rolling update' : first?.scenario;
  const every = panels.flatMap(({ tracks }) => tracks);
  const samples = every.flatMap((track) => track.samples);
  const endSeconds = 2 * Math.ceil(Math.max(...samples.map(({ atMs }) => atMs)) / 2000);
  const most = Math.max(...samples.map(({ entries }) => entries ?? 0));
  const topOf = (index: number) => size.top + index * (size.panel + size.gap);

  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: size.width,
    height: topOf(panels.length) - size.gap + 56,
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: [
      {
        text: `Entries in the stick table of each replica during ${during}`,
        subtext:
          'Grey: the old replicas. Colour: the new ones, a dot where each became ready. A dip: a reload, which takes the table over.\nNew keys are written all the while: the lines rise.',
        left: size.left - 10,
        top: 8,
      },
      ...panels.map(({ way, result }, index) => ({
        text: `${names[way]}: ${result.kept.toLocaleString('en')} of ${result.entries.toLocaleString('en')} entries kept`,
        textStyle: { fontSize: 14, fontWeight: 'normal' as const },
        left: size.left - 10,
        top: topOf(index) - 38,
      })),
    ],
    grid: panels.map((_, index) => ({
      left: size.left,
      right: size.right,
      top: topOf(index),
      height: size.panel,
    })),
    xAxis: panels.map((_, index) => ({
      gridIndex: index,
      type: 'value' as const,
      min: 0,
      max: endSeconds,
      interval: 2,
      axisLabel: { formatter: '{value} s' },
      splitLine: { show: false },
    })),
    yAxis: panels.map((_, index) => ({
      gridIndex: index,
      type: 'value' as const,
      min: 0,
      max: Math.ceil(most / 10_000) * 10_000,
      axisLabel: { formatter: (value: number) => value.toLocaleString('en') },
    })),
    series: panels.flatMap(({ tracks }, index) =>
      coloured(tracks).flatMap((track) => [line(track, index), dot(track, index)]),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function coloured(tracks: readonly Track[]): readonly Coloured[] {
  const joined = tracks.filter(({ readyAtMs }) => readyAtMs !== null);
  return tracks.map((track) => {
    const nth = joined.indexOf(track);
    return { ...track, colour: nth < 0 ? colours.old : (colours.new[nth % 4] ?? colours.old) };
  });
}

interface Coloured extends Track {
  readonly colour: string;
}

/** With a gap where HAProxy did not answer. */
function line({ samples, colour }: Coloured, panel: number) {
  return {
    type: 'line' as const,
    xAxisIndex: panel,
    yAxisIndex: panel,
    connectNulls: false,
    showSymbol: false,
    data: samples.map(({ atMs, entries }) => [atMs / 1000, entries]),
    lineStyle: { width: 2 },
    color: colour,
  };
}

/** Where a new replica became ready. */
function dot({ samples, readyAtMs, colour }: Coloured, panel: number) {
  const ready = samples.find(({ atMs }) => readyAtMs !== null && atMs >= readyAtMs);
  return {
    type: 'scatter' as const,
    xAxisIndex: panel,
    yAxisIndex: panel,
    symbolSize: 9,
    data: ready === undefined ? [] : [[ready.atMs / 1000, ready.entries]],
    color: colour,
  };
}
