//! The tables of the places: what stands in them are the principal town of each country and the middle of its parts, in whole degrees,
//! which is near enough for days on the road.

/// Country, latitude, longitude (north and east), time zone.
pub(super) const WORLD: &str = "\
AD 42 2 Europe/Andorra
AE 25 55 Asia/Dubai
AF 35 69 Asia/Kabul
AG 17 -62 America/Antigua
AI 18 -63 America/Anguilla
AL 41 20 Europe/Tirane
AM 40 44 Asia/Yerevan
AO -9 13 Africa/Luanda
AQ -78 167 Antarctica/McMurdo
AR -35 -58 America/Argentina/Buenos_Aires
AS -14 -171 Pacific/Pago_Pago
AT 48 16 Europe/Vienna
AU -34 151 Australia/Sydney
AW 12 -70 America/Aruba
AX 60 20 Europe/Mariehamn
AZ 40 50 Asia/Baku
BA 44 18 Europe/Sarajevo
BB 13 -60 America/Barbados
BD 24 90 Asia/Dhaka
BE 51 4 Europe/Brussels
BF 12 -2 Africa/Ouagadougou
BG 43 23 Europe/Sofia
BH 26 51 Asia/Bahrain
BI -3 29 Africa/Bujumbura
BJ 6 3 Africa/Porto-Novo
BL 18 -63 America/St_Barthelemy
BM 32 -65 Atlantic/Bermuda
BN 5 115 Asia/Brunei
BO -16 -68 America/La_Paz
BQ 12 -68 America/Kralendijk
BR -24 -47 America/Sao_Paulo
BS 25 -77 America/Nassau
BT 27 90 Asia/Thimphu
BV -54 3 Europe/Oslo
BW -25 26 Africa/Gaborone
BY 54 28 Europe/Minsk
BZ 18 -88 America/Belize
CA 44 -79 America/Toronto
CC -12 97 Indian/Cocos
CD -4 15 Africa/Kinshasa
CF 4 19 Africa/Bangui
CG -4 15 Africa/Brazzaville
CH 47 9 Europe/Zurich
CI 5 -4 Africa/Abidjan
CK -21 -160 Pacific/Rarotonga
CL -33 -71 America/Santiago
CM 4 10 Africa/Douala
CN 31 121 Asia/Shanghai
CO 5 -74 America/Bogota
CR 10 -84 America/Costa_Rica
CU 23 -82 America/Havana
CV 15 -24 Atlantic/Cape_Verde
CW 12 -69 America/Curacao
CX -10 106 Indian/Christmas
CY 35 33 Asia/Nicosia
CZ 50 14 Europe/Prague
DE 52 13 Europe/Berlin
DJ 12 43 Africa/Djibouti
DK 56 13 Europe/Copenhagen
DM 15 -61 America/Dominica
DO 18 -70 America/Santo_Domingo
DZ 37 3 Africa/Algiers
EC -2 -80 America/Guayaquil
EE 59 25 Europe/Tallinn
EG 30 31 Africa/Cairo
EH 27 -13 Africa/El_Aaiun
ER 15 39 Africa/Asmara
ES 40 -4 Europe/Madrid
ET 9 39 Africa/Addis_Ababa
FI 60 25 Europe/Helsinki
FJ -18 178 Pacific/Fiji
FK -52 -58 Atlantic/Stanley
FM 7 158 Pacific/Pohnpei
FO 62 -7 Atlantic/Faroe
FR 49 2 Europe/Paris
GA 0 9 Africa/Libreville
GB 51.5 0 Europe/London
GD 12 -62 America/Grenada
GE 42 45 Asia/Tbilisi
GF 5 -52 America/Cayenne
GG 49 -3 Europe/Guernsey
GH 6 0 Africa/Accra
GI 36 -5 Europe/Gibraltar
GL 64 -52 America/Nuuk
GM 13 -17 Africa/Banjul
GN 10 -14 Africa/Conakry
GP 16 -62 America/Guadeloupe
GQ 4 9 Africa/Malabo
GR 38 24 Europe/Athens
GS -54 -37 Atlantic/South_Georgia
GT 15 -91 America/Guatemala
GU 13 145 Pacific/Guam
GW 12 -16 Africa/Bissau
GY 7 -58 America/Guyana
HK 22 114 Asia/Hong_Kong
HM -53 73 Indian/Kerguelen
HN 14 -87 America/Tegucigalpa
HR 46 16 Europe/Zagreb
HT 19 -72 America/Port-au-Prince
HU 48 19 Europe/Budapest
ID -6 107 Asia/Jakarta
IE 53 -6 Europe/Dublin
IL 32 35 Asia/Jerusalem
IM 54 -4 Europe/Isle_of_Man
IN 23 88 Asia/Kolkata
IO -7 72 Indian/Chagos
IQ 33 44 Asia/Baghdad
IR 36 51 Asia/Tehran
IS 64 -22 Atlantic/Reykjavik
IT 42 12 Europe/Rome
JE 49 -2 Europe/Jersey
JM 18 -77 America/Jamaica
JO 32 36 Asia/Amman
JP 36 140 Asia/Tokyo
KE -1 37 Africa/Nairobi
KG 43 75 Asia/Bishkek
KH 12 105 Asia/Phnom_Penh
KI 1 173 Pacific/Tarawa
KM -12 43 Indian/Comoro
KN 17 -63 America/St_Kitts
KP 39 126 Asia/Pyongyang
KR 38 127 Asia/Seoul
KW 29 48 Asia/Kuwait
KY 19 -81 America/Cayman
KZ 43 77 Asia/Almaty
LA 18 103 Asia/Vientiane
LB 34 36 Asia/Beirut
LC 14 -61 America/St_Lucia
LI 47 10 Europe/Vaduz
LK 7 80 Asia/Colombo
LR 6 -11 Africa/Monrovia
LS -29 28 Africa/Maseru
LT 55 25 Europe/Vilnius
LU 50 6 Europe/Luxembourg
LV 57 24 Europe/Riga
LY 33 13 Africa/Tripoli
MA 34 -8 Africa/Casablanca
MC 44 7 Europe/Monaco
MD 47 29 Europe/Chisinau
ME 42 19 Europe/Podgorica
MF 18 -63 America/Marigot
MG -19 48 Indian/Antananarivo
MH 7 171 Pacific/Majuro
MK 42 21 Europe/Skopje
ML 13 -8 Africa/Bamako
MM 17 96 Asia/Yangon
MN 48 107 Asia/Ulaanbaatar
MO 22 114 Asia/Macau
MP 15 146 Pacific/Saipan
MQ 15 -61 America/Martinique
MR 18 -16 Africa/Nouakchott
MS 17 -62 America/Montserrat
MT 36 15 Europe/Malta
MU -20 58 Indian/Mauritius
MV 4 74 Indian/Maldives
MW -16 35 Africa/Blantyre
MX 19 -99 America/Mexico_City
MY 3 102 Asia/Kuala_Lumpur
MZ -26 33 Africa/Maputo
NA -23 17 Africa/Windhoek
NC -22 166 Pacific/Noumea
NE 14 2 Africa/Niamey
NF -29 168 Pacific/Norfolk
NG 6 3 Africa/Lagos
NI 12 -86 America/Managua
NL 52 5 Europe/Amsterdam
NO 60 11 Europe/Oslo
NP 28 85 Asia/Kathmandu
NR -1 167 Pacific/Nauru
NU -19 -170 Pacific/Niue
NZ -37 175 Pacific/Auckland
OM 24 59 Asia/Muscat
PA 9 -80 America/Panama
PE -12 -77 America/Lima
PF -18 -150 Pacific/Tahiti
PG -10 147 Pacific/Port_Moresby
PH 15 121 Asia/Manila
PK 25 67 Asia/Karachi
PL 52 21 Europe/Warsaw
PM 47 -56 America/Miquelon
PN -25 -130 Pacific/Pitcairn
PR 18 -66 America/Puerto_Rico
PS 32 34 Asia/Gaza
PT 39 -9 Europe/Lisbon
PW 7 134 Pacific/Palau
PY -25 -58 America/Asuncion
QA 25 52 Asia/Qatar
RE -21 55 Indian/Reunion
RO 44 26 Europe/Bucharest
RS 45 20 Europe/Belgrade
RU 56 38 Europe/Moscow
RW -2 30 Africa/Kigali
SA 25 47 Asia/Riyadh
SB -10 160 Pacific/Guadalcanal
SC -5 55 Indian/Mahe
SD 16 33 Africa/Khartoum
SE 59 18 Europe/Stockholm
SG 1 104 Asia/Singapore
SH -16 -6 Atlantic/St_Helena
SI 46 15 Europe/Ljubljana
SJ 78 16 Arctic/Longyearbyen
SK 48 17 Europe/Bratislava
SL 8 -13 Africa/Freetown
SM 44 12 Europe/San_Marino
SN 15 -17 Africa/Dakar
SO 2 45 Africa/Mogadishu
SR 6 -55 America/Paramaribo
SS 5 32 Africa/Juba
ST 0 7 Africa/Sao_Tome
SV 14 -89 America/El_Salvador
SX 18 -63 America/Lower_Princes
SY 34 36 Asia/Damascus
SZ -26 31 Africa/Mbabane
TC 21 -71 America/Grand_Turk
TD 12 15 Africa/Ndjamena
TF -49 70 Indian/Kerguelen
TG 6 1 Africa/Lome
TH 14 101 Asia/Bangkok
TJ 39 69 Asia/Dushanbe
TK -9 -171 Pacific/Fakaofo
TL -9 126 Asia/Dili
TM 38 58 Asia/Ashgabat
TN 37 10 Africa/Tunis
TO -21 -175 Pacific/Tongatapu
TR 41 29 Europe/Istanbul
TT 11 -62 America/Port_of_Spain
TV -9 179 Pacific/Funafuti
TW 25 122 Asia/Taipei
TZ -7 39 Africa/Dar_es_Salaam
UA 50 31 Europe/Kyiv
UG 0 32 Africa/Kampala
UM 19 167 Pacific/Wake
US 41 -74 America/New_York
UY -35 -56 America/Montevideo
UZ 41 69 Asia/Tashkent
VA 42 12 Europe/Vatican
VC 13 -61 America/St_Vincent
VE 10 -67 America/Caracas
VG 18 -65 America/Tortola
VI 18 -65 America/St_Thomas
VN 11 107 Asia/Ho_Chi_Minh
VU -18 168 Pacific/Efate
WF -13 -176 Pacific/Wallis
WS -14 -172 Pacific/Apia
YE 13 45 Asia/Aden
YT -13 45 Indian/Mayotte
ZA -26 28 Africa/Johannesburg
ZM -15 28 Africa/Lusaka
ZW -18 31 Africa/Harare
";

/// Parts of countries: country, then state codes and (behind `#`) beginnings of postal codes, then as above.
pub(super) const PARTS: &str = "\
US AL 33 -87 America/Chicago
US AK,#995,#996,#997,#998,#999 61 -149 America/Anchorage
US AZ 33 -112 America/Phoenix
US AR 35 -92 America/Chicago
US CA 36 -119 America/Los_Angeles
US #94,#95 38 -122 America/Los_Angeles
US CO 39 -105 America/Denver
US CT,#06 41 -73 America/New_York
US DE 39 -75 America/New_York
US DC,#20 39 -77 America/New_York
US FL 28 -82 America/New_York
US #324,#325 30 -87 America/Chicago
US GA 33 -84 America/New_York
US HI,#967,#968 21 -158 Pacific/Honolulu
US ID 44 -115 America/Boise
US #835,#838 47 -117 America/Los_Angeles
US IL 41 -89 America/Chicago
US IN 40 -86 America/Indiana/Indianapolis
US #463,#464,#476,#477 41 -87 America/Chicago
US IA 42 -93 America/Chicago
US KS 38 -97 America/Chicago
US KY 38 -85 America/New_York
US #420,#421,#422,#423,#424 37 -87 America/Chicago
US LA 31 -92 America/Chicago
US ME 44 -70 America/New_York
US MD 39 -77 America/New_York
US MA 42 -71 America/New_York
US MI 43 -84 America/Detroit
US #498,#499 46 -88 America/Detroit
US MN 45 -94 America/Chicago
US MS 33 -90 America/Chicago
US MO 38 -92 America/Chicago
US MT 47 -110 America/Denver
US NE 41 -97 America/Chicago
US #691,#692,#693 42 -103 America/Denver
US NV 38 -117 America/Los_Angeles
US NH 43 -72 America/New_York
US NJ 40 -74 America/New_York
US NM 35 -106 America/Denver
US NY 43 -75 America/New_York
US #100,#101,#102,#103,#104,#11 41 -74 America/New_York
US NC 35 -79 America/New_York
US ND 47 -100 America/Chicago
US #586 47 -103 America/Denver
US OH 40 -83 America/New_York
US OK 35 -97 America/Chicago
US OR 44 -122 America/Los_Angeles
US PA 40 -77 America/New_York
US #191 40 -75 America/New_York
US RI 42 -71 America/New_York
US SC 34 -81 America/New_York
US SD 44 -98 America/Chicago
US #577 44 -103 America/Denver
US TN 36 -87 America/Chicago
US #373,#374,#376,#377,#378,#379 36 -84 America/New_York
US TX 31 -97 America/Chicago
US #798,#799,#885 32 -106 America/Denver
US UT 40 -112 America/Denver
US VT 44 -73 America/New_York
US VA 38 -78 America/New_York
US WA 47 -122 America/Los_Angeles
US WV 38 -81 America/New_York
US WI 44 -89 America/Chicago
US WY 43 -107 America/Denver
US PR 18 -66 America/Puerto_Rico
US VI 18 -65 America/St_Thomas
US GU,#969 13 145 Pacific/Guam
US AS 14 -171 Pacific/Pago_Pago
US #0,#1 41 -74 America/New_York
US #2 37 -79 America/New_York
US #3 32 -84 America/New_York
US #4 40 -83 America/New_York
US #5 44 -93 America/Chicago
US #6 40 -90 America/Chicago
US #7 32 -95 America/Chicago
US #8 38 -108 America/Denver
US #9 38 -121 America/Los_Angeles
CA NL,#A 48 -53 America/St_Johns
CA NS,#B 45 -64 America/Halifax
CA PE,#C 46 -63 America/Halifax
CA NB,#E 46 -66 America/Moncton
CA QC,#G,#H,#J 46 -73 America/Toronto
CA ON,#K,#L,#M,#N 44 -79 America/Toronto
CA #P 48 -83 America/Toronto
CA MB,#R 50 -97 America/Winnipeg
CA SK,#S 51 -105 America/Regina
CA AB,#T 52 -114 America/Edmonton
CA BC,#V 49 -123 America/Vancouver
CA NT,#X 62 -114 America/Yellowknife
CA NU,#X0A 64 -68 America/Iqaluit
CA YT,#Y 61 -135 America/Whitehorse
AU NSW,#2 -34 151 Australia/Sydney
AU ACT,#26 -35 149 Australia/Sydney
AU VIC,#3,#8 -38 145 Australia/Melbourne
AU QLD,#4,#9 -27 153 Australia/Brisbane
AU SA,#5 -35 139 Australia/Adelaide
AU #288 -32 141 Australia/Broken_Hill
AU WA,#6 -32 116 Australia/Perth
AU TAS,#7 -43 147 Australia/Hobart
AU NT,#08,#0 -12 131 Australia/Darwin
NZ #0,#1,#2 -37 175 Pacific/Auckland
NZ #3,#4 -39 176 Pacific/Auckland
NZ #5,#6 -41 175 Pacific/Auckland
NZ #7,#8 -43 172 Pacific/Auckland
NZ #9 -45 170 Pacific/Auckland
BR SP,#0,#1 -24 -47 America/Sao_Paulo
BR RJ,#2 -23 -43 America/Sao_Paulo
BR ES,#29 -20 -40 America/Sao_Paulo
BR MG,#3 -20 -44 America/Sao_Paulo
BR BA,#40,#41,#42,#43,#44,#45,#46,#47,#48 -13 -38 America/Bahia
BR SE,#49 -11 -37 America/Maceio
BR PE,#50,#51,#52,#53,#54,#55,#56 -8 -35 America/Recife
BR AL,#57 -10 -36 America/Maceio
BR PB,RN,#58,#59 -7 -35 America/Fortaleza
BR CE,#60,#61,#62,#63 -4 -39 America/Fortaleza
BR PI,#64 -5 -43 America/Fortaleza
BR MA,#65 -3 -44 America/Fortaleza
BR PA,AP,#66,#67,#68 -1 -48 America/Belem
BR AM,#69 -3 -60 America/Manaus
BR RR,#693 3 -61 America/Boa_Vista
BR AC,#699 -10 -68 America/Rio_Branco
BR DF,#70,#71 -16 -48 America/Sao_Paulo
BR GO,#72,#73,#74,#75,#76 -17 -49 America/Sao_Paulo
BR TO,#77 -10 -48 America/Araguaina
BR RO,#768,#769 -9 -64 America/Porto_Velho
BR MT,#78 -16 -56 America/Cuiaba
BR MS,#79 -20 -55 America/Campo_Grande
BR PR,#80,#81,#82,#83,#84,#85,#86,#87 -25 -49 America/Sao_Paulo
BR SC,#88,#89 -27 -49 America/Sao_Paulo
BR RS,#9 -30 -51 America/Sao_Paulo
MX BC,BCN,#21,#22 32 -116 America/Tijuana
MX BS,BCS,#23 24 -110 America/Mazatlan
MX SON,SO,#83,#84,#85 29 -111 America/Hermosillo
MX CHH,CHIH,CH,#31,#33 29 -106 America/Chihuahua
MX #32 32 -106 America/Ciudad_Juarez
MX SIN,SI,#80,#81,#82 25 -107 America/Mazatlan
MX NAY,NA,#63 22 -105 America/Mazatlan
MX COA,NLE,NL,#25,#26,#27,#64,#65,#66,#67 26 -100 America/Monterrey
MX JAL,JA,#44,#45,#46,#47,#48,#49 21 -103 America/Mexico_City
MX YUC,CAM,YU,#97,#24 21 -90 America/Merida
MX ROO,QR,#77 21 -87 America/Cancun
RU #1 56 38 Europe/Moscow
RU #236,#238 55 21 Europe/Kaliningrad
RU #19 60 30 Europe/Moscow
RU #2,#3 52 40 Europe/Moscow
RU #400,#403,#404 49 44 Europe/Volgograd
RU #410,#412,#413 52 46 Europe/Saratov
RU #414,#416 46 48 Europe/Astrakhan
RU #4 56 49 Europe/Moscow
RU #426,#427 57 53 Europe/Samara
RU #432,#433 54 48 Europe/Ulyanovsk
RU #443,#445,#446 53 50 Europe/Samara
RU #45,#46,#61,#62 57 61 Asia/Yekaterinburg
RU #644,#646 55 73 Asia/Omsk
RU #63 55 83 Asia/Novosibirsk
RU #634,#636 57 85 Asia/Tomsk
RU #64 55 66 Asia/Yekaterinburg
RU #650,#652,#654 55 87 Asia/Novokuznetsk
RU #656,#658 53 84 Asia/Barnaul
RU #660,#662,#663 56 93 Asia/Krasnoyarsk
RU #664,#665,#670 52 104 Asia/Irkutsk
RU #672 52 113 Asia/Chita
RU #675,#677 62 130 Asia/Yakutsk
RU #68,#69 43 132 Asia/Vladivostok
RU #683,#684 53 159 Asia/Kamchatka
RU #685 60 151 Asia/Magadan
RU #693,#694 47 143 Asia/Sakhalin
RU #689 65 177 Asia/Anadyr
ID #8 -6 107 Asia/Jakarta
ID #80,#81,#82,#83,#85 -8 115 Asia/Makassar
ID #90,#91,#92,#93,#94,#95 -5 119 Asia/Makassar
ID #97,#98,#99 -3 141 Asia/Jayapura
ES #35,#38 28 -16 Atlantic/Canary
ES #0,#4 43 -3 Europe/Madrid
ES #08,#17,#25,#43 41 2 Europe/Madrid
ES #07 40 3 Europe/Madrid
ES #11,#14,#18,#21,#23,#29,#41 37 -5 Europe/Madrid
PT #90,#91,#92,#93,#94 33 -17 Atlantic/Madeira
PT #95,#96,#97,#98,#99 38 -26 Atlantic/Azores
FR #13,#83,#84,#06,#20 43 6 Europe/Paris
FR #69,#38,#42,#73,#74 46 5 Europe/Paris
FR #31,#33,#64,#81 44 1 Europe/Paris
FR #29,#35,#44,#56,#22 48 -2 Europe/Paris
FR #59,#62,#80 50 3 Europe/Paris
FR #67,#68,#54,#57 49 7 Europe/Paris
FR #971 16 -62 America/Guadeloupe
FR #972 15 -61 America/Martinique
FR #973 5 -52 America/Cayenne
FR #974 -21 55 Indian/Reunion
FR #976 -13 45 Indian/Mayotte
FR #988 -22 166 Pacific/Noumea
DE #0 51 13 Europe/Berlin
DE #1 53 13 Europe/Berlin
DE #2 53 10 Europe/Berlin
DE #3 52 10 Europe/Berlin
DE #4 52 7 Europe/Berlin
DE #5 51 7 Europe/Berlin
DE #6 50 9 Europe/Berlin
DE #7 49 9 Europe/Berlin
DE #8 48 12 Europe/Berlin
DE #9 50 11 Europe/Berlin
IT #0,#5,#6 42 12 Europe/Rome
IT #1,#2 45 9 Europe/Rome
IT #3,#4 45 12 Europe/Rome
IT #7,#8 41 16 Europe/Rome
IT #9 38 14 Europe/Rome
GB #AB,#DD,#IV,#KW,#PH 57 -4 Europe/London
GB #HS,#ZE 59 -5 Europe/London
GB #DG,#EH,#FK,#G,#KA,#KY,#ML,#PA,#TD 56 -4 Europe/London
GB #BT 55 -6 Europe/London
GB #CA,#DH,#DL,#NE,#SR,#TS 55 -2 Europe/London
GB #BB,#BL,#CH,#CW,#FY,#L,#LA,#M,#OL,#PR,#SK,#WA,#WN 54 -3 Europe/London
GB #BD,#DN,#HD,#HG,#HU,#HX,#LS,#S,#WF,#YO 54 -1 Europe/London
GB #B,#CV,#DY,#ST,#TF,#WR,#WS,#WV 52.5 -2 Europe/London
GB #DE,#LE,#LN,#NG,#NN 52.8 -1.2 Europe/London
GB #CF,#LD,#NP,#SA,#SY 52 -3 Europe/London
GB #LL 53 -4 Europe/London
GB #CB,#CO,#IP,#NR,#PE 52 1 Europe/London
GB #BA,#BS,#DT,#GL,#HR,#SN,#SP,#TA 51 -2 Europe/London
GB #EX,#PL,#TQ,#TR 51 -4 Europe/London
GB #JE,#GY 49 -2 Europe/London
GB #IM 54 -5 Europe/London
";
