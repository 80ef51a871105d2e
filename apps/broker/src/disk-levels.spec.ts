import { describe, expect, it } from '@jest/globals';
import { deleteAtHours, hours } from './config/retention-levels.js';
import { diskLevels } from './disk-levels.js';

describe('when and above which level segments go', () => {
  it("reads RocketMQ's hours of the day", () => {
    expect(deleteAtHours('04')).toEqual([4]);
    expect(deleteAtHours('4; 16 ;23;')).toEqual([4, 16, 23]);
    for (const value of ['', ';', '24', 'four', '-1', '4,5']) expect(hours.parse(value)).toBeUndefined();
  });

  it('brings levels into its bounds, and forces nothing where that is forbidden', () => {
    const most = {
      diskMaxUsedSpaceRatio: 99,
      diskSpaceCleanForciblyRatio: 99,
      diskSpaceWarningLevelRatio: 99,
      cleanFileForciblyEnable: true,
    };
    expect(diskLevels(most)).toMatchObject({ cleanAt: 0.95, forceAt: 0.85, refuseAt: 0.9 });
    const least = {
      diskMaxUsedSpaceRatio: 1,
      diskSpaceCleanForciblyRatio: 1,
      diskSpaceWarningLevelRatio: 1,
      cleanFileForciblyEnable: false,
    };
    expect(diskLevels(least)).toMatchObject({ cleanAt: 0.1, forceAt: undefined, refuseAt: 0.35 });
  });
});
