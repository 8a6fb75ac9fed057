import type { AgentHistory, AvailabilityView, SamplePoint, SlaReport } from '@agentpod/core';

export function anAvailability(differences: Partial<AvailabilityView> = {}): AvailabilityView {
  return {
    fraction: 1,
    answeringSeconds: 86_400,
    downSeconds: 0,
    unknownSeconds: 0,
    maintenanceSeconds: 0,
    stoppedSeconds: 0,
    degradedSeconds: 0,
    outages: 0,
    longestOutageSeconds: 0,
    ...differences,
  };
}

export function aPoint(at: string, differences: Partial<SamplePoint> = {}): SamplePoint {
  return {
    at,
    samples: 10,
    cpuAverage: 0.1,
    cpuMaximum: 0.1,
    memoryAverageBytes: 2 ** 30,
    memoryMaximumBytes: 2 ** 30,
    ...differences,
  };
}

/** A day of `acme` in which it answered all the time. */
export function aHistory(differences: Partial<AgentHistory> = {}): AgentHistory {
  const [from, to] = ['2026-10-31T00:00:00.000Z', '2026-11-01T00:00:00.000Z'];
  return {
    agent: 'acme',
    from,
    to,
    tz: 'Asia/Shanghai',
    timeline: [{ from, to, state: 'ready', presence: 'answering', reason: 'Answering' }],
    omittedSegments: 0,
    maintenance: [],
    availability: {
      range: anAvailability(),
      today: anAvailability(),
      last7Days: anAvailability({ fraction: 0.99957 }),
      last30Days: anAvailability({ fraction: 0.9999999 }),
    },
    days: [],
    samples: { stepSeconds: 300, points: [] },
    ...differences,
  };
}

export function aReport(differences: Partial<SlaReport> = {}): SlaReport {
  return {
    month: '2026-11',
    tz: 'Asia/Shanghai',
    from: '2026-10-31T16:00:00.000Z',
    to: '2026-11-30T16:00:00.000Z',
    complete: true,
    tenants: [
      {
        tenant: 'acme',
        ...anAvailability({ fraction: 0.99954, downSeconds: 1200, outages: 2, longestOutageSeconds: 900 }),
        agents: [
          { id: '1', agent: 'acme', deleted: false, ...anAvailability() },
          { id: '2', agent: 'acme/hr', deleted: false, ...anAvailability({ fraction: 0.999 }) },
        ],
      },
      {
        tenant: 'lotus',
        ...anAvailability({ maintenanceSeconds: 7200 }),
        agents: [{ id: '3', agent: 'lotus', deleted: false, ...anAvailability() }],
      },
    ],
    ...differences,
  };
}
