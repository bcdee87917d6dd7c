/** What to do where there is none. */
export declare const MISSING: string;
/** The binary that `SEATRIAL_BINARY` names, else the one that was installed beside this package, else `seatrial` of the path. */
export declare function findBinary(): string | undefined;
