/** The most that is read of a sibling's status, in bytes. That of 1,000 peers with names of 63 letters is 460 KB. */
export const answerLimit = 512 * 1024;
