import type { BrokerConfig } from './config/resolve-config.js';

type DiskSettings = Pick<
  BrokerConfig,
  | 'diskMaxUsedSpaceRatio'
  | 'diskSpaceCleanForciblyRatio'
  | 'diskSpaceWarningLevelRatio'
  | 'cleanFileForciblyEnable'
>;

/** Parts of the disk. Values out of RocketMQ's bounds are brought into them, as it does. */
export function diskLevels(config: DiskSettings): {
  cleanAt: number;
  forceAt: number | undefined;
  refuseAt: number;
  advice: string;
} {
  return {
    cleanAt: within(config.diskMaxUsedSpaceRatio, 10, 95),
    forceAt: config.cleanFileForciblyEnable ? within(config.diskSpaceCleanForciblyRatio, 30, 85) : undefined,
    refuseAt: within(config.diskSpaceWarningLevelRatio, 35, 90),
    advice: 'lower fileReservedTime or diskSpaceCleanForciblyRatio so that older messages go',
  };
}

function within(percent: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, percent)) / 100;
}
