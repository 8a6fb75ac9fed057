import { describe } from 'vitest';
import { MemoryModelHealth } from './memory-model-health.ts';
import { modelHealthContract } from './model-health-contract.ts';

describe('a gateway in memory', () => {
  modelHealthContract(async () => {
    const health = new MemoryModelHealth();
    return {
      health,
      saw: (reports) => {
        health.reports.clear();
        for (const [id, report] of Object.entries(reports)) health.reports.set(id, report);
      },
      stop: async () => {
        health.down = true;
      },
    };
  });
});
