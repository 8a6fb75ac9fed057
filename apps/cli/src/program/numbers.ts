import { InvalidArgumentError } from 'commander';

/** Whole numbers from `least` up, for commander's options. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`${least}–${most}`);
  };
}
